"""W3C Trace Context, level 1: one trace runs from the event through the build to the function."""

from os import urandom

HEX = frozenset("0123456789abcdef")


class Trace:
    __slots__ = ("trace_id", "span_id", "flags")

    def __init__(self, trace_id, span_id, flags):
        self.trace_id = trace_id
        self.span_id = span_id
        self.flags = flags

    def __str__(self):
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def new_trace():
    return Trace(urandom(16).hex(), urandom(8).hex(), "01")


def child_of(traceparent):
    """Section 3.2: version ff and ids of only zeros are invalid; a higher version may carry more fields.

    :return: a span of the sender's trace, or None when that cannot be read"""
    if not isinstance(traceparent, str):
        return None
    fields = traceparent.split("-")
    if len(fields) < 4 or [len(field) for field in fields[:4]] != [2, 32, 16, 2] or not HEX.issuperset("".join(fields[:4])):
        return None
    version, trace_id, span_id, flags = fields[:4]
    if version == "ff" or (version == "00" and len(fields) > 4) or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return Trace(trace_id, urandom(8).hex(), flags)
