import functions_framework


@functions_framework.cloud_event
def handle(event):
    parameters = event.data["parameters"]
    return {"block": parameters["blockId"], "logs": len(parameters["logIndices"])}
