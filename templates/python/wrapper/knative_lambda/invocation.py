"""One event in hand, and what the function is given beside its data."""

import time

from .cancellation import Cancellation
from .cloudevent import ABSENT
from .log import Log
from .trace import child_of, new_trace


class Invocation:
    """:param event: as it was read
    :param head: of the request that brought it
    :param base: the ids of the process
    :ivar is_over: whether it has its outcome
    :ivar running: what works on it
    :ivar over: is told the outcome"""

    __slots__ = ("event", "trace", "correlation_id", "context_id", "_base", "_ids", "started", "cancelled", "context", "over", "is_over", "running")

    def __init__(self, event, head, base):
        attributes = event.attributes
        self.event = event
        self.trace = child_of(attributes.get("traceparent")) or child_of(head.first("traceparent")) or new_trace()
        self.correlation_id = _correlation_id(attributes)
        data = event.data
        context_id = data.get("contextId") if isinstance(data, dict) else None
        self.context_id = context_id if isinstance(context_id, str) and context_id else attributes["id"]
        self._base = base
        self._ids = None
        self.cancelled = Cancellation()
        self.is_over = False
        self.running = None

    @property
    def ids(self):
        """Under which the logs know it."""
        if self._ids is None:
            self._ids = {
                "correlation_id": self.correlation_id,
                "trace_id": self.trace.trace_id,
                "span_id": self.trace.span_id,
                "event_id": self.event.attributes["id"],
                **self._base,
            }
        return self._ids


class Context:
    """The second argument of a function.

    :ivar context_id: the data's `contextId`, or the event's id
    :ivar correlation_id: follows everything that the event causes
    :ivar deadline: when the event times out, as time.time() has it
    :ivar cancelled: fires when the event timed out: `is_set()`, `wait(seconds)`
    :ivar services: the addresses of the Notifi services
    """

    __slots__ = ("_invocation", "_event", "context_id", "correlation_id", "deadline", "cancelled", "services")

    def __init__(self, invocation, timeout, services):
        self._invocation = invocation
        self._event = None
        self.context_id = invocation.context_id
        self.correlation_id = invocation.correlation_id
        self.deadline = time.time() + timeout
        self.cancelled = invocation.cancelled
        self.services = services

    @property
    def event(self):
        """The CloudEvent: every attribute and extension by its wire name, and `data` if it has any."""
        if self._event is None:
            event = self._invocation.event
            self._event = dict(event.attributes) if event.data is ABSENT else {**event.attributes, "data": event.data}
        return self._event

    @property
    def traceparent(self):
        """W3C trace context of this execution, to hand on with requests."""
        return str(self._invocation.trace)

    @property
    def log(self):
        """`debug`, `info`, `warn` and `error`, each with a message and fields."""
        return Log(self._invocation.ids)

    def remaining(self):
        """Seconds until the event times out; never less than 0."""
        return max(0.0, self.deadline - time.time())


def _correlation_id(attributes):
    """The sender's own, or one that a retry of the event gets again."""
    given = attributes.get("correlationid")
    if isinstance(given, str) and 0 < len(given) <= 128 and given.isascii() and given.isprintable() and " " not in given:
        return given
    return _sha256(f"{attributes['source']}\0{attributes['id']}")[:32]


def _sha256(text):
    """hashlib loads OpenSSL, which takes longer than a short function; the interpreter has its own."""
    try:
        from _sha2 import sha256
    except ImportError:
        from hashlib import sha256
    return sha256(text.encode("utf-8")).hexdigest()
