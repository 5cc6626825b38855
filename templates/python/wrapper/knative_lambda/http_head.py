"""The head of an HTTP/1.1 request (RFC 9112), parsed strictly: two readers of one request must never disagree on where it ends."""

from .failure import Refused

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# RFC 9110, section 5.5: no control characters in a value but the tab.
ALLOWED = bytes(code for code in range(256) if code >= 0x20 and code != 0x7F) + b"\t"
FRAMING = frozenset(("content-length", "transfer-encoding", "host", "connection", "expect"))

# Most lines of most requests are the same: a sender's type, source, host, user agent. Those are parsed once.
MOST_KNOWN_LINES = 1024
LONGEST_KNOWN_LINE = 160
_known_lines = {}
_known_request_lines = {}


class BadRequest(Refused):
    """The connection can't be read any further: it is answered and closed."""


class Header:
    """:ivar name: in lower case
    :ivar value: its bytes as latin-1 text, without white space around
    :ivar is_framing: whether it says where the request ends, or what becomes of the connection
    :ivar attribute: if it carries one of an event, its name and value; None for the value until it has been read. Kept with the
        header, because the same line comes again"""

    __slots__ = ("name", "value", "is_framing", "attribute")

    def __init__(self, name, value):
        self.name = name
        self.value = value
        self.is_framing = name in FRAMING
        self.attribute = (name[3:], None) if name.startswith("ce-") else None


class Head:
    """:ivar headers: in the order they came
    :ivar length: the Content-Length, or None"""

    __slots__ = ("method", "path", "headers", "keep_alive", "length", "chunked", "expects_continue", "_version", "_hosts")

    def __init__(self, request_line, headers):
        self.method, self.path, self._version = request_line
        self.headers = headers
        self.length = None
        self.chunked = self.expects_continue = False
        self.keep_alive = self._version == "HTTP/1.1"
        self._hosts = 0
        for header in headers:
            if header.is_framing:
                self._frame(header.name, header.value)
        if self._version == "HTTP/1.1" and self._hosts != 1:
            malformed("A request has exactly one Host header")
        if self.chunked and (self.length is not None or self._version == "HTTP/1.0"):
            malformed("A request has either a Content-Length or a transfer coding")

    def first(self, name):
        """The first value of a header, or None."""
        for header in self.headers:
            if header.name == name:
                return header.value
        return None

    def _frame(self, name, value):
        if name == "host":
            self._hosts += 1
        elif name == "content-length":
            length = _content_length(value)
            if self.length not in (None, length):
                malformed("Content-Length is given twice")
            self.length = length
        elif name == "transfer-encoding":
            if value.lower() != "chunked" or self.chunked:
                malformed("The only transfer coding spoken here is chunked")
            self.chunked = True
        elif name == "expect":
            self.expects_continue = value.lower() == "100-continue" and self._version == "HTTP/1.1"
        elif value != "keep-alive" or self._version == "HTTP/1.0":
            options = [option.strip().lower() for option in value.split(",")]
            self.keep_alive = "close" not in options and (self.keep_alive or "keep-alive" in options)


def malformed(detail):
    raise BadRequest("MALFORMED_REQUEST", detail)


def parse_head(block):
    """:param block: the bytes before the empty line, without it"""
    request_line, *lines = block.split(b"\r\n")
    known = _known_lines.get
    return Head(
        _known_request_lines.get(request_line) or _request_line(request_line),
        [known(line) or _header(line) for line in lines],
    )


def _remember(known, line, value):
    if len(line) <= LONGEST_KNOWN_LINE:
        if len(known) >= MOST_KNOWN_LINES:
            known.clear()
        known[line] = value
    return value


def _header(line):
    name, colon, value = line.partition(b":")
    # A space before the colon, or a folded line, is where request smuggling begins (RFC 9112, section 5).
    if not colon or not name or name.translate(None, TOKEN):
        malformed("A header's name is not a token")
    if value.translate(None, ALLOWED):
        malformed("A header has a control character")
    return _remember(_known_lines, line, Header(name.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")))


def _request_line(line):
    method, _, rest = line.partition(b" ")
    target, _, version = rest.partition(b" ")
    if not method or method.translate(None, TOKEN) or target.translate(None, ALLOWED) or not target.isascii():
        malformed("The request line is not METHOD TARGET VERSION")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        malformed("Only HTTP/1.1 is spoken here")
    path = target.decode("ascii")
    if path.startswith(("http://", "https://")):
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    if not path.startswith("/") and path != "*":
        malformed("The request target is not a path")
    parsed = (method.decode("ascii"), path.partition("?")[0], version.decode("ascii"))
    return _remember(_known_request_lines, line, parsed)


def _content_length(value):
    if not value or not value.isascii() or not value.isdigit() or len(value) > 18:
        malformed("Content-Length is not a number")
    return int(value)
