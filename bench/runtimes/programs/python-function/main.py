def handle(data, context):
    parameters = data["parameters"]
    return {"block": parameters["blockId"], "logs": len(parameters["logIndices"])}
