"""The CloudEvents JSON format 1.0.2: events out of JSON, and JSON out of events."""

from . import strict_json
from .cloudevent import ABSENT, Event, check_attribute, check_complete
from .failure import Refused


def parse_json(body, field):
    """:param field: "body" or "data", for the refusal"""
    try:
        return strict_json.loads(body)
    except ValueError:
        raise Refused("INVALID_JSON", f"The {field} is not valid JSON in UTF-8", field) from None


def from_json_format(members):
    """:raises Refused: when the value is not one event"""
    if not isinstance(members, dict):
        raise Refused("INVALID_ENVELOPE", "An event in JSON format is a JSON object", "event")
    attributes = {}
    for name, value in members.items():
        # JSON format 2.2: null stands for an attribute that is not set.
        if name not in ("data", "data_base64") and value is not None:
            check_attribute(name, value)
            attributes[name] = value
    check_complete(attributes)
    return Event(attributes, _data(members))


def _data(members):
    encoded = members.get("data_base64")
    if encoded is None:
        return members.get("data", ABSENT)
    if "data" in members:
        raise Refused("INVALID_ENVELOPE", 'Only one of "data" and "data_base64" may be present', "data_base64")
    from binascii import a2b_base64

    # Even when it is strict, the decoder does not mind what follows a whole group, as long as it is padding.
    if isinstance(encoded, str) and len(encoded) % 4 == 0 and not encoded.endswith("==="):
        try:
            return a2b_base64(encoded, strict_mode=True)
        except ValueError:
            pass
    raise Refused("INVALID_ENVELOPE", '"data_base64" must be base64 (RFC 4648, section 4)', "data_base64")


def to_json_format(attributes, data):
    """:return: the event as a JSON object; bytes become `data_base64`"""
    if data is ABSENT:
        return dict(attributes)
    if isinstance(data, bytes):
        from binascii import b2a_base64

        return {**attributes, "data_base64": b2a_base64(data, newline=False).decode("ascii")}
    return {**attributes, "data": data}
