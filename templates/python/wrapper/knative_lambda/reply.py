"""What an event is answered with: a CloudEvent, nothing, or a problem."""

from . import strict_json
from .header_value import encode_header
from .http_response import Response
from .json_format import to_json_format
from .log import timestamp
from .problem import problem

TYPE = "network.notifi.lambda.parser."
BATCH_TYPE = "content-type: application/cloudevents-batch+json; charset=utf-8\r\n"
NO_CONTENT = Response(204)


class Replies:
    """Replies of this function."""

    def __init__(self, tenant, name):
        self.tenant = tenant
        self.name = name
        self.source = f"network.notifi.{tenant}"
        self.constant = f"ce-specversion: 1.0\r\nce-source: {self.source}\r\nce-subject: {name}\r\n"

    def answer(self, invocation, outcome):
        """:return: the answer to a request that brought one event"""
        if outcome.kind == "empty":
            return NO_CONTENT
        if outcome.code is not None:
            return self._problem(invocation, outcome)
        event_id = encode_header(invocation.event.attributes["id"])
        headers = (
            f"content-type: {outcome.content_type}\r\n{self.constant}ce-type: {TYPE}{outcome.kind}\r\nce-id: {event_id}-reply\r\n"
            f"ce-time: {timestamp()}\r\nce-correlationid: {encode_header(invocation.correlation_id)}\r\n"
            f"ce-causationid: {event_id}\r\nce-traceparent: {invocation.trace}\r\n"
        )
        body = outcome.body if outcome.kind == "complete" else strict_json.dumps(self._failure(invocation, outcome))
        return Response(200, headers, body)

    def answer_batch(self, ended):
        """:param ended: pairs of invocation and outcome, in the order in which the events came"""
        for invocation, outcome in ended:
            if outcome.code is not None:
                return self._problem(invocation, outcome)
        replies = [
            to_json_format(
                self._attributes(invocation, outcome),
                outcome.value if outcome.kind == "complete" else self._failure(invocation, outcome),
            )
            for invocation, outcome in ended
            if outcome.kind != "empty"
        ]
        return Response(200, BATCH_TYPE, strict_json.dumps(replies)) if replies else NO_CONTENT

    def _attributes(self, invocation, outcome):
        event_id = invocation.event.attributes["id"]
        return {
            "specversion": "1.0",
            "id": f"{event_id}-reply",
            "source": self.source,
            "type": TYPE + outcome.kind,
            "subject": self.name,
            "time": timestamp(),
            "correlationid": invocation.correlation_id,
            "causationid": event_id,
            "traceparent": str(invocation.trace),
            "datacontenttype": outcome.content_type,
        }

    def _failure(self, invocation, outcome):
        """Shaped as the builder's event.rejected, so that the dead-letter queue reads one form."""
        event = invocation.event
        return {
            "code": "FUNCTION_ERROR_PERMANENT",
            "category": "function_error_permanent",
            "message": outcome.message,
            "retryable": False,
            "third_party_id": self.tenant,
            "parser_id": self.name,
            "contextId": invocation.context_id,
            "original": to_json_format(event.attributes, event.data),
        }

    def _problem(self, invocation, outcome):
        ids = invocation.ids
        return problem(
            outcome.code,
            outcome.message,
            correlation_id=ids["correlation_id"],
            trace_id=ids["trace_id"],
            event_id=ids["event_id"],
        )
