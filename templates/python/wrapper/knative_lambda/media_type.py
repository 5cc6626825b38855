"""What a content type says about bytes: JSON, text, or neither. Only UTF-8 is decoded; text in another charset stays bytes."""

UTF8 = (None, "utf-8", "utf8", "us-ascii")
_known = {}


def read_media_type(content_type):
    """:return: the name in lower case, whether text in it is UTF-8, and "json", "text" or "bytes" """
    known = _known.get(content_type)
    if known is None:
        known = _classify(content_type.lower())
        # A sender chooses the content type; only short ones, and only so many, are remembered.
        if len(_known) < 64 and len(content_type) < 128:
            _known[content_type] = known
    return known


def _classify(content_type):
    name, *parameters = content_type.split(";")
    name = name.strip()
    utf8 = _charset(parameters) in UTF8
    if not utf8:
        return name, False, "bytes"
    if name in ("application/json", "text/json") or (name.endswith("+json") and _has_subtype(name)):
        return name, True, "json"
    if name.startswith("text/") or name == "application/xml" or name.endswith("+xml"):
        return name, True, "text"
    return name, True, "bytes"


def _has_subtype(name):
    main, _, subtype = name.partition("/")
    return bool(main) and "/" not in subtype and len(subtype) > len("+json")


def _charset(parameters):
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if equals and name.strip() == "charset":
            return value.strip().strip('"')
    return None
