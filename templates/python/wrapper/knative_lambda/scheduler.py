"""Notifi's scheduler is told of every execution before the event is acknowledged. While it cannot be told, the broker keeps the event."""

import hashlib
import hmac
import random
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import unquote, urlsplit

from . import strict_json
from .cloudevent import ABSENT
from .log import Log
from .outcome import Outcome

TRIES = 5
PATIENCE_SECONDS = 5
FIRST_PAUSE_SECONDS = 0.2


class Scheduler:
    def __init__(self, url, signing_key, function_name):
        parts = urlsplit(url)
        self.connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        credentials, _, self.address = parts.netloc.rpartition("@")
        self.authorization = _basic(credentials) if credentials else None
        query = f"?{parts.query}" if parts.query else ""
        self.path = f"{parts.path.rstrip('/')}/fusion/execution/response{query}"
        self.signing_key = signing_key.encode() if signing_key else None
        self.user_agent = f"knative-lambda-handler/{function_name}"

    def tell(self, invocation, outcome):
        """Blocks until it is told, or cannot be.

        :return: the outcome that remains"""
        attributes = invocation.event.attributes
        body = strict_json.dumps(_document(invocation.context_id, outcome))
        headers = {
            "content-type": "application/json",
            "user-agent": self.user_agent,
            "idempotency-key": hashlib.sha256(f"{attributes['source']}\0{attributes['id']}".encode()).hexdigest(),
            "traceparent": str(invocation.trace),
        }
        if self.authorization:
            headers["authorization"] = self.authorization
        if self.signing_key:
            headers["x-notifi-signature"] = f"sha256={hmac.new(self.signing_key, body, hashlib.sha256).hexdigest()}"
        why = self._deliver(body, headers)
        if why is None:
            return outcome
        Log(invocation.ids).error("callback was not delivered", {"error": why})
        return Outcome("undelivered", message=f"the result could not be delivered: {why}", code="CALLBACK_UNDELIVERED")

    def _deliver(self, body, headers):
        """:return: why not, or None"""
        for attempt in range(TRIES):
            if attempt:
                # Half of the pause is chance: processes that failed together do not come back together.
                time.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * (0.5 + random.random() / 2))
            try:
                status = self._post(body, headers)
            except TimeoutError:
                why = f"the scheduler did not answer within {PATIENCE_SECONDS} seconds"
                continue
            # A host that is no name (`a..b`) is a UnicodeError, which is a ValueError.
            except (OSError, HTTPException, ValueError) as error:
                why = str(error) or type(error).__name__
                continue
            if 200 <= status < 300:
                return None
            why = f"the scheduler answered {status}"
            if status not in (408, 429) and status < 500:
                break
        return why

    def _post(self, body, headers):
        connection = self.connection(self.address, timeout=PATIENCE_SECONDS)
        try:
            connection.request("POST", self.path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()


def _basic(credentials):
    """RFC 7617, from the user and the password of a URL."""
    from base64 import b64encode

    user, _, password = credentials.partition(":")
    return "Basic " + b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode("ascii")


def _document(context_id, outcome):
    if outcome.message is not None:
        return {"contextId": context_id, "succeeded": False, "errorMessage": outcome.message}
    return {"contextId": context_id, "succeeded": True, "eventEntries": _entries(outcome.value)}


def _entries(value):
    """A list is the entries; an object may name them; any other value is the only one."""
    if value is ABSENT:
        return []
    if isinstance(value, bytes):
        from base64 import b64encode

        return [b64encode(value).decode("ascii")]
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, dict) and isinstance(value.get("eventEntries"), (list, tuple)):
        return value["eventEntries"]
    return [value]
