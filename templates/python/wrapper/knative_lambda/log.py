"""One JSON object per line on standard output. Nothing else writes there."""

import os
import select
import time
from _thread import allocate_lock
from contextvars import ContextVar

from . import strict_json
from .config import LEVELS

RANK = {level: rank for rank, level in enumerate((*LEVELS, "fatal"))}
STDOUT = 1
# The event that this thread or task works on.
current = ContextVar("current", default=None)


class Log:
    """Writes lines that carry the ids they were made with; no field of a caller replaces those."""

    _lock = allocate_lock()
    lowest = RANK["info"]

    def __init__(self, ids):
        self.ids = ids

    def debug(self, message, fields=None, **more):
        self.write("debug", message, fields, more)

    def info(self, message, fields=None, **more):
        self.write("info", message, fields, more)

    def warn(self, message, fields=None, **more):
        self.write("warn", message, fields, more)

    warning = warn

    def error(self, message, fields=None, **more):
        self.write("error", message, fields, more)

    def wants(self, level):
        return RANK[level] >= Log.lowest

    def write(self, level, message, *fields, always=False):
        if RANK[level] < Log.lowest and not always:
            return
        line = {"time": timestamp(), "level": level, "msg": str(message), **self.ids}
        for group in fields:
            for name, value in (group or {}).items():
                line.setdefault(str(name), value)
        _write_all(Log._lock, _encode(line) + b"\n")


_seconds = (-1, "")


def timestamp():
    """RFC 3339 in UTC, to the millisecond."""
    global _seconds
    milliseconds = int(time.time() * 1000)
    second, text = _seconds
    if second != milliseconds // 1000:
        second = milliseconds // 1000
        text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        _seconds = (second, text)
    return f"{text}{milliseconds % 1000:03d}Z"


def _encode(line):
    try:
        return strict_json.dumps(line)
    except (TypeError, ValueError, RecursionError):
        return strict_json.dumps({name: value if isinstance(value, (str, int)) else _shown(value) for name, value in line.items()})


def _shown(value):
    try:
        strict_json.dumps(value)
        return value
    except (TypeError, ValueError, RecursionError):
        return repr(value)[:1024]


def _write_all(lock, data):
    with lock:
        while data:
            try:
                data = data[os.write(STDOUT, data) :]
            except BlockingIOError:
                select.select((), (STDOUT,), (), 1)
            except OSError:
                return  # nobody reads any more
