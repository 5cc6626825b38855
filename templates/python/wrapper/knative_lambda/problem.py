"""Every answer that is no reply: RFC 9457, with the builder's codes. A broker retries 5xx and drops 4xx, so what can heal is 5xx."""

from . import strict_json
from .http_response import Response

PROBLEMS = {
    "MALFORMED_REQUEST": (400, "The request is not valid HTTP or not valid for this route"),
    "MISSING_ATTRIBUTE": (400, "A required CloudEvents attribute is missing"),
    "INVALID_ATTRIBUTE": (400, "A CloudEvents attribute breaks a rule of the specification"),
    "DUPLICATE_ATTRIBUTE": (400, "A CloudEvents attribute is given twice"),
    "UNSUPPORTED_SPECVERSION": (400, "Only CloudEvents specversion 1.0 is spoken here"),
    "INVALID_JSON": (400, "The body is not valid JSON"),
    "INVALID_ENVELOPE": (400, "The body is not a CloudEvent in JSON format"),
    "METHOD_NOT_ALLOWED": (405, "The route does not answer this method"),
    "BODY_TOO_LARGE": (413, "The body is larger than the limit"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "The content type or its charset is not supported"),
    "HEADERS_TOO_LARGE": (431, "The headers are larger than the limit"),
    "FUNCTION_ERROR": (500, "The function failed"),
    "RESULT_NOT_SERIALIZABLE": (500, "The function returned what JSON cannot say"),
    "INTERNAL": (500, "Something here is broken"),
    "STOPPING": (503, "The process is stopping"),
    "CALLBACK_UNDELIVERED": (503, "The scheduler could not be told of the result"),
    "FUNCTION_TIMEOUT": (504, "The function did not answer in time"),
}
HEADERS = {
    "METHOD_NOT_ALLOWED": "allow: POST\r\n",
    "STOPPING": "retry-after: 1\r\n",
    "CALLBACK_UNDELIVERED": "retry-after: 1\r\n",
}
CONTENT_TYPE = "content-type: application/problem+json\r\n"


def problem(code, detail, **members):
    """:param members: more members; those that are None are left out"""
    status, title = PROBLEMS[code]
    document = {
        "type": f"urn:knative-lambda:error:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "retryable": status >= 500,
    }
    document.update((name, value) for name, value in members.items() if value is not None)
    return Response(status, CONTENT_TYPE + HEADERS.get(code, ""), strict_json.dumps(document))

