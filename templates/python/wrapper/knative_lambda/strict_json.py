"""JSON as RFC 8259 has it: Python's own reader takes NaN and Infinity, and its own writer makes them."""

import json
import re
from itertools import accumulate

# Deeper nesting is nobody's data, and a writer would run out of stack on it.
DEEPEST = 512
# Possessive, for a step that may be taken back is remembered, and a text has millions of them. Without its end, a string takes all
# the rest: looking for another beginning at each of its quotes would never end.
STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+'
BRACKETS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
NOT_BRACKETS = bytes(code for code in range(256) if code not in b"[{]}")


def _refuse_constant(name):
    raise ValueError(name)


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
_raw_decode = _decoder.raw_decode
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
_ascii_encoder = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def _quick_encoder():
    """JSONEncoder makes a new C encoder for every value, which takes longer than writing a small one."""
    make = json.encoder.c_make_encoder
    if make is None:
        return lambda value, _: _encoder.encode(value)
    encode_text = json.encoder.encode_basestring
    return make(None, _encoder.default, encode_text, None, ":", ",", False, False, False)


_encode = _quick_encoder()


def loads(body):
    """:raises ValueError: when the bytes are not UTF-8, not JSON, or nested too deep"""
    text = body.decode("utf-8")
    if len(text) > 2 * DEEPEST and text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise ValueError("nested too deep")
    try:
        # Without white space around it, the value is all there is: the usual case, and the quick one.
        if text[:1] in ("{", "["):
            value, end = _raw_decode(text)
            if end == len(text):
                return value
        return _decoder.decode(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _depth(text):
    """How deep brackets nest, counted without a Python step per character: a body may have ten million of them."""
    brackets = re.sub(STRING, "", text, flags=re.DOTALL).encode().translate(BRACKETS, NOT_BRACKETS)
    return max(accumulate(memoryview(brackets).cast("b")), default=0)


def dumps(value):
    """:return: UTF-8
    :raises TypeError, ValueError, RecursionError: when JSON cannot say it"""
    try:
        return "".join(_encode(value, 0)).encode("utf-8")
    except UnicodeEncodeError:
        return _ascii_encoder.encode(value).encode("ascii")  # a lone surrogate can only be escaped
