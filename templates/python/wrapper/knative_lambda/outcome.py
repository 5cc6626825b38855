"""How an event ended."""

from . import strict_json
from .cloudevent import ABSENT
from .failure import Refused

LONGEST_MESSAGE = 512
PLAIN = (dict, list, str, int, float, bool)
NOTHING = object()


class Outcome:
    """:ivar kind: one of metrics.OUTCOMES
    :ivar body: what the reply carries, as bytes
    :ivar value: what the function returned, for the reply in a batch and for the scheduler
    :ivar message: why it failed
    :ivar code: the problem that it is answered with, if it is"""

    __slots__ = ("kind", "body", "content_type", "value", "message", "code")

    def __init__(self, kind, body=b"", content_type=None, value=ABSENT, message=None, code=None):
        self.kind = kind
        self.body = body
        self.content_type = content_type or "application/json"
        self.value = value
        self.message = message
        self.code = code


EMPTY = Outcome("empty")
UNDELIVERED = Outcome("undelivered", message="the result could not be delivered", code="CALLBACK_UNDELIVERED")


def of_result(result):
    """:param result: what the function returned"""
    if result is None:
        return EMPTY
    if isinstance(result, (bytes, bytearray, memoryview)):
        body = bytes(result)
        return Outcome("complete", body, "application/octet-stream", body)
    try:
        return Outcome("complete", strict_json.dumps(result), "application/json", result)
    except (TypeError, ValueError, RecursionError) as error:
        return Outcome("error", message=cut(f"the result cannot be said in JSON: {error}"), code="RESULT_NOT_SERIALIZABLE")


def of_error(error):
    """:param error: what the function raised"""
    message = message_of(error)
    if _is_permanent(error):
        return Outcome("failed", message=message)
    return Outcome("error", message=message, code="FUNCTION_ERROR")


def _is_permanent(error):
    """An exception is permanent when it says so; everything else may heal, also one that cannot even say that."""
    try:
        return getattr(error, "retryable", None) is False
    except BaseException:
        return False


def message_of(error):
    try:
        text = str(error)
    except BaseException:
        text = "the function threw something that cannot be read"
    return cut(text or type(error).__name__)


def cut(text):
    return text[:LONGEST_MESSAGE]


def of_timeout(seconds):
    return Outcome("timeout", message=f"the function did not answer within {seconds:g} seconds", code="FUNCTION_TIMEOUT")
