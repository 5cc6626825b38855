"""CloudEvents HTTP binding 3.1.3.2: attribute values as header values, and back."""

import re

from .cloudevent import refuse_attribute

QUOTED = r'"(?:[^"\\]|\\.)*"'
ENCODED = r"%([0-9A-Fa-f]{2})"


def decode_header(name, raw):
    """Double quotes and their escapes first, then one round of percent-decoding. Raw UTF-8 of older senders is taken, too.

    :param raw: the header's bytes as latin-1 text"""
    if raw.isascii() and '"' not in raw and "%" not in raw:
        return raw
    value = raw
    if value.startswith('"'):
        if not re.fullmatch(QUOTED, value):
            refuse_attribute(name, "has a double-quoted string without its end (RFC 7230, section 3.2.6)")
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    # A percent sign that starts no sequence stays: senders that do not encode are common, and nothing is lost by it.
    value = re.sub(ENCODED, lambda match: chr(int(match[1], 16)), value)
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        refuse_attribute(name, "has bytes that are no UTF-8")


def encode_header(value):
    """Everything but printable ASCII, and space, quote and percent, is percent-encoded: no value can break out of its header."""
    if value.isascii() and value.isprintable() and not (" " in value or '"' in value or "%" in value):
        return value
    return "".join(chr(byte) if 0x21 <= byte <= 0x7E and byte not in b'"%' else f"%{byte:02X}" for byte in value.encode("utf-8"))
