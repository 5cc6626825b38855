"""Ends a process whose interpreter is held by one call and never given back: a regular expression that goes on for ever, a native
library. No Python thread runs then; faulthandler's own does, says where the process hangs, and ends it."""

import faulthandler

# Beyond the timeout of events, so that what can still be answered is.
MARGIN_SECONDS = 5
AGAIN_SECONDS = 2
STDERR = 2


class Watchdog:
    """On the server's thread: as long as that turns, nothing happens."""

    def __init__(self, timeout):
        self.limit = timeout + MARGIN_SECONDS
        self.again_at = 0.0

    def look(self, now):
        if now >= self.again_at:
            self.again_at = now + AGAIN_SECONDS
            faulthandler.dump_traceback_later(self.limit, exit=True, file=STDERR)
        return self.again_at - now
