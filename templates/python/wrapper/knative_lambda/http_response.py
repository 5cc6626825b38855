"""An answer as bytes."""

import time

REASONS = {
    200: "OK",
    204: "No Content",
    207: "Multi-Status",
    400: "Bad Request",
    404: "Not Found",
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
    """:ivar headers: pairs of name and value, without Content-Length, Date and Connection"""

    __slots__ = ("status", "headers", "body")

    def __init__(self, status, headers=(), body=b""):
        self.status = status
        self.headers = headers
        self.body = body


class _DateHeader:
    """RFC 9110, section 5.6.7, in English whatever the locale; written once a second."""

    def __init__(self):
        self.second = -1
        self.text = ""

    def at(self, now):
        second = int(now)
        if second != self.second:
            t = time.gmtime(second)
            clock = f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02}"
            self.text = f"{DAYS[t.tm_wday]}, {t.tm_mday:02} {MONTHS[t.tm_mon - 1]} {t.tm_year} {clock} GMT"
            self.second = second
        return self.text


_date = _DateHeader()


def render(response, keep_alive, head_only=False):
    """:return: the bytes to send"""
    status = response.status
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, '')}"]
    for name, value in response.headers:
        lines.append(f"{name}: {value}")
    if status != 204:
        lines.append(f"content-length: {len(response.body)}")
    lines.append(f"date: {_date.at(time.time())}")
    if not keep_alive:
        lines.append("connection: close")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head if head_only or status == 204 else head + response.body
