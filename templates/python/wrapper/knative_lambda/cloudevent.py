"""CloudEvents 1.0.2: what an event is and which attribute values the text allows. What breaks a rule is refused, not repaired."""

import re

from .failure import Refused

REQUIRED = ("specversion", "id", "source", "type")
# Longer values could not be handed on as HTTP headers by the next hop.
LONGEST = 8192
INTEGER_LIMIT = 2**31

URI_REFERENCE = r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+"
ABSOLUTE_URI = r"[A-Za-z][A-Za-z0-9+.-]*:"
TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
MEDIA_TYPE = rf'{TOKEN}/{TOKEN}(?:[ \t]*;[ \t]*{TOKEN}=(?:{TOKEN}|"(?:[^"\\]|\\.)*"))*[ \t]*;?'
RFC3339 = (
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
NAME_CHARACTERS = b"abcdefghijklmnopqrstuvwxyz0123456789"


class Event:
    """:ivar attributes: every attribute and extension but the data, by its name on the wire
    :ivar data: the value, or bytes; `ABSENT` when the event has none"""

    __slots__ = ("attributes", "data")

    def __init__(self, attributes, data):
        self.attributes = attributes
        self.data = data


ABSENT = type("Absent", (), {"__repr__": lambda _: "ABSENT", "__bool__": lambda _: False})()


def check_attribute(name, value):
    """:raises Refused: naming the attribute and the rule that it breaks"""
    rule = RULES.get(name)
    if rule is None:
        return _check_extension(name, value)
    if not isinstance(value, str):
        refuse_attribute(name, "must be a string")
    if not value:
        refuse_attribute(name, "must not be empty")
    _check_text(name, value)
    broken = rule(value)
    if broken:
        refuse_attribute(name, broken)


def check_content_type(value):
    """:param value: the header of a request in binary mode, whose characters are bytes
    :raises Refused: when it is no media type"""
    if value != "application/json":
        if len(value) > LONGEST:
            refuse_attribute("datacontenttype", f"is longer than {LONGEST} characters")
        broken = _datacontenttype(value)
        if broken:
            refuse_attribute("datacontenttype", broken)


def check_complete(attributes):
    """:raises Refused: when an attribute is missing, or the version is another"""
    version = attributes.get("specversion")
    if version == "1.0" and "id" in attributes and "source" in attributes and "type" in attributes:
        return
    if version not in (None, "1.0"):
        raise Refused("UNSUPPORTED_SPECVERSION", 'Attribute "specversion" must be "1.0"', "specversion")
    name = next(name for name in REQUIRED if name not in attributes)
    raise Refused("MISSING_ATTRIBUTE", f'Attribute "{name}" is required', name)


def refuse_attribute(name, rule):
    raise Refused("INVALID_ATTRIBUTE", f'Attribute "{name[:64]}" {rule}', name[:64])


def _check_extension(name, value):
    if not name or not name.isascii() or name.encode().translate(None, NAME_CHARACTERS) or name == "data":
        refuse_attribute(name, "has a name that is not lower-case letters and digits (section 3)")
    if isinstance(value, str):
        return _check_text(name, value)
    if isinstance(value, bool):
        return
    # Section 3.1, type Integer: 32 bits with a sign. JSON has no integers of its own: 1.0 is one, too.
    if not isinstance(value, (int, float)) or value % 1 or not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        refuse_attribute(name, "must be a string, a boolean or a 32-bit integer")


def _check_text(name, value):
    if value.isascii():
        length = len(value)
        allowed = value.isprintable()
    else:
        length = sum(2 if character > "\uffff" else 1 for character in value)
        allowed = not any(_forbidden(ord(character)) for character in value)
    if length > LONGEST:
        refuse_attribute(name, f"is longer than {LONGEST} characters")
    if not allowed:
        refuse_attribute(name, "has a character that the specification forbids (section 3.1)")


def _forbidden(code):
    """Section 3.1, type String: no control characters, no lone surrogates, no noncharacters."""
    return code <= 0x1F or 0x7F <= code <= 0x9F or 0xD800 <= code <= 0xDFFF or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def _any(_):
    return None


def _source(value):
    # Most sources are plain words: the pattern is for the rest.
    plain = value.isascii() and value.replace(".", "").replace("-", "").replace("/", "").isalnum()
    return None if plain or re.fullmatch(URI_REFERENCE, value) else "must be a URI reference (RFC 3986)"


def _dataschema(value):
    right = re.fullmatch(URI_REFERENCE, value) and re.match(ABSOLUTE_URI, value)
    return None if right else "must be an absolute URI (RFC 3986)"


def _datacontenttype(value):
    return None if value == "application/json" or re.fullmatch(MEDIA_TYPE, value) else "must be a media type (RFC 2046)"


def _time(value):
    match = re.fullmatch(RFC3339, value)
    if match:
        year, month, day = map(int, match.groups())
        if 1 <= day <= _days(year, month):
            return None
    return "must be a timestamp (RFC 3339)"


def _days(year, month):
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return {4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31) if 1 <= month <= 12 else 0


RULES = {
    "specversion": _any,
    "id": _any,
    "source": _source,
    "type": _any,
    "subject": _any,
    "time": _time,
    "datacontenttype": _datacontenttype,
    "dataschema": _dataschema,
}
