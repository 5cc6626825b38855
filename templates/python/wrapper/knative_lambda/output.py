"""What the function prints, as log lines: one per line, with the ids of the event that was being worked on."""

import io
import sys

from .log import Log, current

# A line without an end is cut here, so that a function that never ends one costs no memory.
LONGEST_LINE = 16 * 1024


class LineWriter(io.TextIOBase):
    """Stands for sys.stdout or sys.stderr. Unfinished lines are kept apart for each event, so that events do not mix in one."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, base, stream, level, descriptor):
        super().__init__()
        self._base = base
        self._stream = stream
        self._level = level
        self._descriptor = descriptor
        self.unfinished = {}
        self.buffer = _Bytes(self)

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        event = current.get()
        ids = self._base if event is None else event.ids
        kept = self.unfinished.pop(event, "")
        *lines, rest = (kept + text).split("\n")
        for line in lines:
            self._say(ids, line)
        while len(rest) > LONGEST_LINE:
            self._say(ids, rest[:LONGEST_LINE])
            rest = rest[LONGEST_LINE:]
        if rest:
            self.unfinished[event] = rest
        return len(text)

    def finish(self, event):
        """The event is over: its last line ends here, whether or not the function ended it."""
        rest = self.unfinished.pop(event, "")
        if rest:
            self._say(event.ids, rest)

    def _say(self, ids, line):
        Log(ids).write(self._level, line.rstrip("\r"), {"stream": self._stream})

    def writable(self):
        return True

    def isatty(self):
        return False

    def fileno(self):
        return self._descriptor


class _Bytes(io.RawIOBase):
    """What a function gets as sys.stdout.buffer."""

    def __init__(self, text):
        super().__init__()
        self._text = text

    def writable(self):
        return True

    def write(self, data):
        data = bytes(data)
        self._text.write(data.decode("utf-8", "backslashreplace"))
        return len(data)


def capture(base):
    """:param base: the ids of lines that belong to no event
    :return: a function that ends the unfinished lines of an event"""
    out = sys.stdout = sys.__stdout__ = LineWriter(base, "stdout", "info", 1)
    err = sys.stderr = sys.__stderr__ = LineWriter(base, "stderr", "error", 2)

    def finish(event):
        if out.unfinished or err.unfinished:
            out.finish(event)
            err.finish(event)

    return finish
