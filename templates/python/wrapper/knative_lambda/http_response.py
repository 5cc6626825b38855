"""An answer as bytes."""

import time

REASONS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    405: "Method Not Allowed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Response:
    """:param headers: as text, each line with its end; without Content-Length, Date and Connection"""

    __slots__ = ("status", "headers", "body")

    def __init__(self, status, headers="", body=b""):
        self.status = status
        self.headers = headers
        self.body = body


class _DateHeader:
    """RFC 9110, section 5.6.7, in English whatever the locale; written once a second."""

    def __init__(self):
        self.second = -1
        self.line = ""

    def now(self):
        second = int(time.time())
        if second != self.second:
            t = time.gmtime(second)
            clock = f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02}"
            self.line = f"date: {DAYS[t.tm_wday]}, {t.tm_mday:02} {MONTHS[t.tm_mon - 1]} {t.tm_year} {clock} GMT\r\n"
            self.second = second
        return self.line


_date = _DateHeader()
_status_lines = {status: f"HTTP/1.1 {status} {reason}\r\n" for status, reason in REASONS.items()}


def render(response, keep_alive, head_only=False):
    """:return: the bytes to send"""
    status = response.status
    length = "" if status == 204 else f"content-length: {len(response.body)}\r\n"
    close = "" if keep_alive else "connection: close\r\n"
    head = f"{_status_lines[status]}{response.headers}{length}{_date.now()}{close}\r\n".encode("latin-1")
    return head if head_only or status == 204 else head + response.body
