"""One connection: requests follow one another, each answered before the next is looked at."""

from selectors import EVENT_READ, EVENT_WRITE
from socket import SHUT_WR

from .http_body import body_of
from .http_head import BadRequest, parse_head
from .http_response import render

LONGEST_HEAD = 16 * 1024
# What a client may send ahead while its last request is still being worked on.
AHEAD = 64 * 1024
# Longer than any proxy in front keeps an idle connection: the one who closes first must not be the one who is sent to.
IDLE_SECONDS = 120
HEAD_SECONDS = 20
REQUEST_SECONDS = 60
LINGER_SECONDS = 2
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# Read by the server's thread alone, for one connection after the other.
_arrived = memoryview(bytearray(256 * 1024))


class Connection:
    """Belongs to the server's thread: nothing here is called from another."""

    def __init__(self, server, sock):
        self.server = server
        self.sock = sock
        self.received = bytearray()
        self.unsent = b""
        self.head = self.body = None
        self.busy = self.closing = self.lingering = False
        self.mask = EVENT_READ
        self.since = server.now

    def on_ready(self, mask):
        if mask & EVENT_WRITE:
            self._send(b"")
            self.advance()
        if not mask & EVENT_READ or self.sock is None:
            return
        try:
            count = self.sock.recv_into(_arrived)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        if count and not self.lingering:
            self._receive(_arrived[:count])
        elif not count:
            self._end_of_input()

    def _receive(self, data):
        if self.busy or self.unsent:
            self.received += data
            if len(self.received) > AHEAD:
                self._watch(self.mask & ~EVENT_READ)
            return
        if not self.received and self.head is None:
            self.since = self.server.now
        self.received += data
        self.advance()

    def _end_of_input(self):
        if not self.busy and not self.unsent:
            return self.close()
        # It may have closed only its own side: the answer is still owed.
        self.closing = True
        self._watch(self.mask & ~EVENT_READ)

    def advance(self):
        """Takes the next request, if all of it is here."""
        try:
            while self.received and not self.busy and not self.closing and not self.unsent:
                if self.head is None and not self._read_head():
                    return
                body = self.body.take(self.received)
                if body is None:
                    return self._ask_for_more()
                self.busy = True
                self.server.on_request(self, self.head, body)
        except BadRequest as refused:
            self.head = None
            self.closing = self.busy = True
            self.answer(self.server.refuse(refused))

    def _ask_for_more(self):
        if self.head.expects_continue:
            self.head.expects_continue = False
            self._send(CONTINUE)

    def _read_head(self):
        received = self.received
        # RFC 9112, section 2.2: an empty line before the request line is ignored.
        while received.startswith(b"\r\n"):
            del received[:2]
        end = received.find(b"\r\n\r\n", 0, LONGEST_HEAD + 4)
        if end < 0:
            if len(received) > LONGEST_HEAD:
                raise BadRequest("HEADERS_TOO_LARGE", f"The head of the request is larger than {LONGEST_HEAD} bytes")
            return False
        self.head = head = parse_head(bytes(received[:end]))
        del received[: end + 4]
        self.body = body_of(head, self.server.body_limit)
        return True

    def answer(self, response):
        """Sends the answer to the request in hand, and looks at the next."""
        head = self.head
        if head is None or not head.keep_alive or self.server.stopping:
            self.closing = True
        self.busy = False
        self.head = None
        self.since = self.server.now
        self._send(render(response, not self.closing, head is not None and head.method == "HEAD"))

    def _send(self, data):
        if self.sock is None:
            return
        unsent = self.unsent + data if self.unsent else data
        if unsent:
            try:
                unsent = unsent[self.sock.send(unsent) :]
            except BlockingIOError:
                pass
            except OSError:
                return self.close()
        self.unsent = unsent
        if unsent:
            self._watch(self.mask | EVENT_WRITE)
        elif self.mask != EVENT_READ and not self.busy:
            self._watch(self.mask & ~EVENT_WRITE if self.closing else EVENT_READ)
        if self.closing and not self.busy and not unsent:
            self._linger()

    def _linger(self):
        """RFC 9112, section 9.6: closing while the client still sends would reset the connection and lose the answer."""
        self.lingering = True
        self.received.clear()
        try:
            self.sock.shutdown(SHUT_WR)
        except OSError:
            return self.close()
        if not self.mask & EVENT_READ:
            self.close()

    def is_overdue(self, now):
        """A request that does not arrive whole in its time never will."""
        if self.busy or self.unsent:
            return False
        if self.lingering:
            limit = LINGER_SECONDS
        elif self.head is not None:
            limit = REQUEST_SECONDS
        else:
            limit = HEAD_SECONDS if self.received else IDLE_SECONDS
        return now - self.since > limit

    def _watch(self, mask):
        if self.sock is not None and mask != self.mask:
            self.server.watch(self.sock, self.mask, mask, self.on_ready)
            self.mask = mask

    def close(self):
        if self.sock is not None:
            self._watch(0)
            self.server.connections.discard(self)
            self.sock.close()
            self.sock = None
