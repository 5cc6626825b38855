"""CloudEvents HTTP binding 1.0.2: which of the three modes a request is in, and the events it carries."""

from .cloudevent import ABSENT, Event, check_attribute, check_complete, check_content_type, refuse_attribute
from .failure import Refused
from .header_value import decode_header
from .json_format import from_json_format, parse_json
from .media_type import read_media_type

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def read_request(head, body):
    """:return: the events, and whether they came as a batch
    :raises Refused: naming the attribute and the rule; in a batch also the place of the first event that is none"""
    content_type = head.first("content-type") or ""
    name, utf8, kind = read_media_type(content_type)
    if not name.startswith("application/cloudevents"):
        return [_read_binary(head.headers, content_type, kind, body)], False
    if not utf8:
        raise Refused("UNSUPPORTED_MEDIA_TYPE", "The charset of an event in JSON format must be UTF-8", "content-type")
    if name == STRUCTURED:
        return [from_json_format(parse_json(body, "body"))], False
    if name == BATCH:
        return _read_batch(parse_json(body, "body")), True
    raise Refused("UNSUPPORTED_MEDIA_TYPE", "Of the CloudEvents formats only JSON is spoken here", "content-type")


def _read_batch(value):
    """The whole batch is judged before any event of it is handled: a sender that repeats it after a refusal repeats nothing."""
    if not isinstance(value, list):
        raise Refused("INVALID_ENVELOPE", "A batch is a JSON array of events", "body")
    events = []
    for index, element in enumerate(value):
        try:
            events.append(from_json_format(element))
        except Refused as refused:
            refused.index = index
            raise
    return events


def _read_binary(headers, content_type, kind, body):
    carried = [header.attribute for header in headers if header.attribute is not None]
    attributes = dict(carried)
    if len(attributes) != len(carried):
        _refuse_repeated(carried)
    if "datacontenttype" in attributes:
        refuse_attribute("datacontenttype", "is carried by Content-Type in binary mode")
    if None in attributes.values():
        _read_headers(headers, attributes)
    check_complete(attributes)
    if content_type:
        check_content_type(content_type)
        attributes["datacontenttype"] = content_type
    return Event(attributes, _read_data(kind, body))


def _read_headers(headers, attributes):
    for header in headers:
        if header.attribute is not None and header.attribute[1] is None:
            name = header.attribute[0]
            value = attributes[name] = decode_header(name, header.value)
            check_attribute(name, value)
            header.attribute = (name, value)


def _refuse_repeated(carried):
    seen = set()
    for name, _ in carried:
        if name in seen:
            raise Refused("DUPLICATE_ATTRIBUTE", f'Header "ce-{name[:64]}" is given twice', name[:64])
        seen.add(name)


def _read_data(kind, body):
    if not body:
        return ABSENT
    if kind == "json":
        return parse_json(body, "data")
    if kind == "text":
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            return body  # text that is no UTF-8, whatever it says, is handed over as it came
    return body
