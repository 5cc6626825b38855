"""W3C Trace Context, level 1: one trace runs from the event through the build to the function."""

from os import urandom
from re import compile as compile_pattern

TRACEPARENT = (
    r"(?:00(?=.{53}\Z)|(?!00|ff)[0-9a-f]{2}(?=.{53}(?:\Z|-)))-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?"
)
# Ids need to be unlike each other; the kernel is asked for many at once.
POOL_BYTES = 4096


class Trace:
    __slots__ = ("trace_id", "span_id", "flags")

    def __init__(self, trace_id, flags):
        self.trace_id = trace_id
        self.span_id = _pool.take(8)
        self.flags = flags

    def __str__(self):
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


class _Pool:
    """Random digits. Used by the server's thread only."""

    def __init__(self):
        self.digits = ""
        self.at = 0

    def take(self, count):
        begin, self.at = self.at, self.at + 2 * count
        if self.at > len(self.digits):
            self.digits = urandom(POOL_BYTES).hex()
            begin, self.at = 0, 2 * count
        return self.digits[begin : self.at]


_pool = _Pool()
_pattern = None  # compiled when the first event brings a trace: it takes as long as an answer


def new_trace():
    return Trace(_pool.take(16), "01")


def child_of(traceparent):
    """Section 3.2: version ff and ids of only zeros are invalid; a higher version may carry more fields.

    :return: a span of the sender's trace, or None when that cannot be read"""
    global _pattern
    if not isinstance(traceparent, str):
        return None
    if _pattern is None:
        _pattern = compile_pattern(TRACEPARENT).fullmatch
    match = _pattern(traceparent)
    return None if match is None else Trace(match[1], match[2])
