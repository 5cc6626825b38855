"""Which request is answered by whom. Everything here runs on the server's thread."""

from functools import partial
from itertools import islice

from .failure import Refused
from .http_binding import read_request
from .http_response import Response
from .invocation import Context, Invocation
from .log import Log
from .problem import problem

# So many events of one batch run at once, as many as a container gets from Knative.
BATCH_CONCURRENCY = 10
JSON = "content-type: application/json\r\n"
OK = Response(200, JSON, b'{"status":"ok"}')
READY = Response(200, JSON, b'{"status":"ready"}')
NOT_READY = Response(503, JSON, b'{"status":"stopping"}')
METRICS = "content-type: text/plain; version=0.0.4; charset=utf-8\r\n"


class Door:
    """:param replies: turns outcomes into answers"""

    def __init__(self, config, metrics, replies, ids):
        self.config = config
        self.metrics = metrics
        self.replies = replies
        self.ids = ids
        self.log = Log(ids)
        self.in_hand = None
        self.stopping = False

    def on_request(self, connection, head, body):
        if head.method == "POST":
            return self._on_event(connection, head, body)
        if head.method in ("GET", "HEAD"):
            probe = self._probe(head.path)
            if probe is not None:
                return connection.answer(probe)
        connection.answer(problem("METHOD_NOT_ALLOWED", "Send events with POST"))

    def refuse(self, refused):
        """What is no event, or not even HTTP."""
        self.metrics.requests["rejected"] += 1
        self.log.warn("event refused", {"code": refused.code, "field": refused.field, "error": refused.detail})
        return problem(refused.code, refused.detail, field=refused.field, index=refused.index)

    def _probe(self, path):
        if path == "/healthz":
            return OK
        if path == "/readyz":
            return NOT_READY if self.stopping else READY
        if path == "/metrics":
            return Response(200, METRICS, self.metrics.text())
        return None

    def _on_event(self, connection, head, body):
        if self.stopping:
            return connection.answer(problem("STOPPING", "This process is stopping; send the event again"))
        try:
            events, is_batch = read_request(head, body)
        except Refused as refused:
            return connection.answer(self.refuse(refused))
        invocations = [Invocation(event, head, self.ids) for event in events]
        if is_batch:
            _Batch(connection, invocations, self.replies, self._take).begin()
        else:
            self._take(invocations[0], partial(answer_one, connection, self.replies))

    def _take(self, invocation, over):
        invocation.over = over
        invocation.context = Context(invocation, self.config.timeout, self.config.services)
        self.in_hand.take(invocation)

    def over(self, invocation, outcome):
        """An event has its outcome, and the scheduler knows."""
        self.metrics.requests[outcome.kind] += 1
        if self.log.wants("debug"):
            Log(invocation.ids).debug("event handled", {"outcome": outcome.kind})
        invocation.over(invocation, outcome)


def answer_one(connection, replies, invocation, outcome):
    connection.answer(replies.answer(invocation, outcome))
    connection.advance()


class _Batch:
    """Answers when the last of its events is over."""

    def __init__(self, connection, invocations, replies, take):
        self.connection = connection
        self.invocations = invocations
        self.replies = replies
        self.take = take
        self.outcomes = {}
        self.waiting = iter(invocations)

    def begin(self):
        if not self.invocations:
            return self.connection.answer(self.replies.answer_batch([]))
        for invocation in islice(self.waiting, BATCH_CONCURRENCY):
            self.take(invocation, self._over)

    def _over(self, invocation, outcome):
        self.outcomes[invocation] = outcome
        if len(self.outcomes) == len(self.invocations):
            ended = [(each, self.outcomes[each]) for each in self.invocations]
            self.connection.answer(self.replies.answer_batch(ended))
            return self.connection.advance()
        for following in islice(self.waiting, 1):
            self.take(following, self._over)
