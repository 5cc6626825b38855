"""The body of a request: counted or chunked. Never more than the limit is held."""

from .http_head import BadRequest, malformed

HEX = b"0123456789abcdefABCDEF"
LONGEST_CHUNK_LINE = 1024
LONGEST_TRAILER = 16 * 1024


def too_large(limit):
    raise BadRequest("BODY_TOO_LARGE", f"The body is larger than {limit} bytes", "body")


class CountedBody:
    """Content-Length bytes."""

    def __init__(self, length, limit):
        if length > limit:
            too_large(limit)
        self.length = length

    def take(self, received):
        """:return: the body, once all of it is in `received`; it is removed from there"""
        if len(received) < self.length:
            return None
        body = bytes(received[: self.length])
        del received[: self.length]
        return body


class ChunkedBody:
    """RFC 9112, section 7.1. Extensions and trailers are read and dropped.

    The chunks go into one body as they come: a list of them would be a hundred times its size when every byte is a chunk."""

    def __init__(self, limit):
        self.limit = limit
        self.body = bytearray()
        self.left = 0
        self.step = self._size_line

    def take(self, received):
        while True:
            more = self.step(received)
            if more is None:
                return None
            if more is False:
                return bytes(self.body)

    def _size_line(self, received):
        end = received.find(b"\r\n")
        if end < 0:
            if len(received) > LONGEST_CHUNK_LINE:
                malformed("A chunk's first line is too long")
            return None
        digits = bytes(received[:end]).partition(b";")[0].rstrip(b" \t")
        if not digits or digits.translate(None, HEX) or len(digits) > 15 or b"\n" in received[:end]:
            malformed("A chunk's size is not a number")
        self.left = int(digits, 16)
        if len(self.body) + self.left > self.limit:
            too_large(self.limit)
        del received[: end + 2]
        self.step = self._chunk if self.left else self._trailer
        return True

    def _chunk(self, received):
        if len(received) < self.left + 2:
            return None
        if received[self.left : self.left + 2] != b"\r\n":
            malformed("A chunk is longer than its size")
        self.body += received[: self.left]
        del received[: self.left + 2]
        self.step = self._size_line
        return True

    def _trailer(self, received):
        end = received.find(b"\r\n")
        if end < 0 or end > LONGEST_TRAILER:
            if len(received) > LONGEST_TRAILER:
                malformed("The trailer is too long")
            return None
        del received[: end + 2]
        return end != 0


def body_of(head, limit):
    """:return: what will read the body that the head announces"""
    return ChunkedBody(limit) if head.chunked else CountedBody(head.length or 0, limit)
