"""The process's end. As process 1 of a container nothing happens at a signal unless it is handled here."""

import atexit
import os
import signal
import threading

from .log import Log

SIGNALS = {int(signal.SIGTERM): "SIGTERM", int(signal.SIGINT): "SIGINT"}
CLEAN = (0, "info", "stopped")
BLOCKED = (1, "fatal", "function blocks the process")
# What the function's own exit handlers may take, once there is nothing left to do.
LEAVE_SECONDS = 1.0


class Lifecycle:
    """Runs on the server's thread."""

    def __init__(self, server, door, drain, ids):
        self.server = server
        self.door = door
        self.drain = drain
        self.log = Log(ids)
        self.ending = None
        self.last = None
        self.gives_up_at = 0.0

    def install(self):
        self.server.on_signal = self._on_signal
        signal.set_wakeup_fd(self.server.waker_in, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)  # so that the number is written to the pipe

    def _on_signal(self, number):
        if number in SIGNALS:
            self.stop(CLEAN, SIGNALS[number])

    def blocked(self):
        """The function took threads that it never gives back: what is in hand is answered, then the platform starts anew."""
        self.stop(BLOCKED)

    def stop(self, how, number=None):
        """Not ready from now on; ends when nothing is in hand any more, or when the time to drain is over."""
        # A terminal and a supervisor may both say it: the second time must not cut the work short.
        if self.ending is not None:
            return
        self.ending = how
        self.gives_up_at = self.server.now + self.drain
        self.door.stopping = self.server.stopping = True
        self.log.write("info", "stopping", {"in_flight": self.server.in_hand()}, {"signal": number} if number else {})
        self.server.at_turn(self._end_if_done)

    def _end_if_done(self, now):
        in_hand = self.server.in_hand()
        if in_hand and now < self.gives_up_at:
            return self.gives_up_at - now
        self.last = (1, "error", "stopped with work in hand", {"in_flight": in_hand}) if in_hand else (*self.ending, {})
        self.server.end()
        return None

    def leave(self):
        """After the server's last turn. Threads of the function that do not end of themselves must not keep the process."""
        code, level, message, fields = self.last
        threading.Timer(LEAVE_SECONDS, os._exit, (code,)).start()
        atexit._run_exitfuncs()
        self.log.write(level, message, fields, always=True)
        os._exit(code)
