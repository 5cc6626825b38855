"""The head of an HTTP/1.1 request (RFC 9112), parsed strictly: two readers of one request must never disagree on where it ends."""

from .failure import Refused

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS = b"0123456789"
# RFC 9110, section 5.5: no control characters in a value but the tab. CR and LF are counted against each other below.
ALLOWED = bytes(code for code in range(256) if code >= 0x20 and code != 0x7F) + b"\t\r\n"


class BadRequest(Refused):
    """The connection can't be read any further: it is answered and closed."""


class Head:
    """A request line and its headers: lower-case names, values as latin-1 text, in the order they came."""

    __slots__ = ("method", "path", "headers", "keep_alive", "length", "chunked", "expects_continue")

    def first(self, name):
        """The first value of a header, or None."""
        for known, value in self.headers:
            if known == name:
                return value
        return None


def malformed(detail):
    raise BadRequest("MALFORMED_REQUEST", detail)


def parse_head(block):
    """:param block: the bytes before the empty line, without it"""
    if block.translate(None, ALLOWED) or not block.count(b"\r\n") == block.count(b"\n") == block.count(b"\r"):
        malformed("The head of the request has a control character")
    request_line, *lines = block.decode("latin-1").split("\r\n")
    head = Head()
    version = _request_line(head, request_line)
    head.headers = headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        # A space before the colon, or a folded line, is where request smuggling begins (RFC 9112, section 5).
        if not colon or not name or not name.isascii() or name.encode("latin-1").translate(None, TOKEN):
            malformed("A header's name is not a token")
        headers.append((name.lower(), value.strip(" \t")))
    _framing(head, version)
    return head


def _request_line(head, line):
    parts = line.split(" ")
    if len(parts) != 3 or not parts[0] or parts[0].encode("latin-1").translate(None, TOKEN):
        malformed("The request line is not METHOD TARGET VERSION")
    head.method, target, version = parts
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        malformed("Only HTTP/1.1 is spoken here")
    if target.startswith(("http://", "https://")):
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    if not target.startswith("/") and target != "*" or not target.isascii():
        malformed("The request target is not a path")
    head.path = target.partition("?")[0]
    return version


def _framing(head, version):
    hosts = connections = 0
    head.length = None
    head.chunked = head.expects_continue = False
    head.keep_alive = version == "HTTP/1.1"
    for name, value in head.headers:
        if name == "content-length":
            _content_length(head, value)
        elif name == "transfer-encoding":
            if value.lower() != "chunked" or head.chunked:
                malformed("The only transfer coding spoken here is chunked")
            head.chunked = True
        elif name == "host":
            hosts += 1
        elif name == "connection":
            connections += 1
            _connection(head, value)
        elif name == "expect":
            head.expects_continue = value.lower() == "100-continue" and version == "HTTP/1.1"
    if version == "HTTP/1.1" and hosts != 1:
        malformed("A request has exactly one Host header")
    if head.chunked and (head.length is not None or version == "HTTP/1.0"):
        malformed("A request has either a Content-Length or a transfer coding")


def _content_length(head, value):
    if not value or not value.isascii() or value.encode().translate(None, DIGITS) or len(value) > 18:
        malformed("Content-Length is not a number")
    if head.length not in (None, int(value)):
        malformed("Content-Length is given twice")
    head.length = int(value)


def _connection(head, value):
    options = [option.strip().lower() for option in value.split(",")]
    if "close" in options:
        head.keep_alive = False
    elif "keep-alive" in options:
        head.keep_alive = True
