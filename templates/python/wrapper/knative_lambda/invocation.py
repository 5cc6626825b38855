"""One event in hand, and what the function is given beside its data."""

import time

from .cancellation import Cancellation
from .cloudevent import ABSENT
from .log import Log
from .trace import child_of, new_trace


def sha256(text):
    """hashlib loads OpenSSL, which takes longer than a short function; the interpreter has its own."""
    try:
        from _sha2 import sha256 as digest
    except ImportError:
        from hashlib import sha256 as digest
    return digest(text.encode("utf-8", "surrogatepass"))


class Context:
    """The second argument of a function.

    :ivar event: the CloudEvent: every attribute and extension by its wire name, and `data`
    :ivar context_id: the data's `contextId`, or the event's id
    :ivar correlation_id: follows everything that the event causes
    :ivar traceparent: W3C trace context of this execution
    :ivar deadline: when the event times out, as time.time() has it
    :ivar cancelled: fires when the event timed out: `is_set()`, `wait(seconds)`
    :ivar log: `debug`, `info`, `warn`, `error`, each with a message and fields
    :ivar services: the addresses of the Notifi services
    """

    __slots__ = ("_invocation", "_event", "deadline", "cancelled", "services", "context_id", "correlation_id")

    def __init__(self, invocation, timeout, services):
        self._invocation = invocation
        self._event = None
        self.context_id = invocation.context_id
        self.correlation_id = invocation.correlation_id
        self.deadline = time.time() + timeout
        self.cancelled = Cancellation()
        self.services = services

    @property
    def event(self):
        if self._event is None:
            event = self._invocation.event
            self._event = dict(event.attributes) if event.data is ABSENT else {**event.attributes, "data": event.data}
        return self._event

    @property
    def traceparent(self):
        return str(self._invocation.trace)

    @property
    def log(self):
        return Log(self._invocation.ids)

    def remaining(self):
        """Seconds until the event times out; never less than 0."""
        return max(0.0, self.deadline - time.time())


class Invocation:
    """:param base: the ids of the process
    :param head: of the request that brought the event"""

    __slots__ = ("event", "trace", "correlation_id", "context_id", "ids", "started", "context", "over", "is_over", "running")

    def __init__(self, event, head, base):
        attributes = event.attributes
        self.event = event
        self.trace = child_of(attributes.get("traceparent")) or child_of(head.first("traceparent")) or new_trace()
        self.correlation_id = _correlation_id(attributes)
        data = event.data
        context_id = data.get("contextId") if isinstance(data, dict) else None
        self.context_id = context_id if isinstance(context_id, str) and context_id else attributes["id"]
        self.ids = {
            "correlation_id": self.correlation_id,
            "trace_id": self.trace.trace_id,
            "span_id": self.trace.span_id,
            "event_id": attributes["id"],
            **base,
        }
        self.is_over = False
        self.running = None


def _correlation_id(attributes):
    """The sender's own, or one that a retry of the event gets again."""
    given = attributes.get("correlationid")
    if isinstance(given, str) and 0 < len(given) <= 128 and given.isascii() and given.isprintable() and " " not in given:
        return given
    return sha256(f"{attributes['source']}\0{attributes['id']}").hexdigest()[:32]
