"""Who keeps the server. Quick calls are made by the server's own thread: handing each to another thread costs more than they do.
When one of them turns out not to be quick, another thread takes the server over, and the one that is held up only ends its call.
"""

import time
from _thread import allocate_lock
from threading import Thread

# A call that is still the same after one more tick holds the server up.
TICK_SECONDS = 0.005
TICKS_UNTIL_SLEEP = 20


class Lost(BaseException):
    """Raised on a thread that no longer keeps the server."""


class Baton:
    """:param keep: runs the server on the thread that calls it, until that is held up or the server ends"""

    def __init__(self, keep):
        self._keep = keep
        self._lock = allocate_lock()
        self._call = 0  # the number of the call in hand; 0 if there is none
        self._count = 0
        self._is_watched = False
        self._alarm = allocate_lock()
        self._alarm.acquire()
        self._is_asleep = False

    def call(self, work, job):
        """On the thread that keeps the server: `work(job)`.

        :raises Lost: when another thread keeps it by now"""
        self._count = number = self._count + 1
        self._call = number
        # In this order: a watcher that did not see the call has said before that it falls asleep.
        if not self._is_watched:
            self._wake_watcher()
        work(job)
        with self._lock:
            if self._call == number:
                self._call = 0
                return
        raise Lost

    def _wake_watcher(self):
        with self._lock:
            self._is_watched = True
            if self._is_asleep:
                self._is_asleep = False
                self._alarm.release()
                return
        Thread(target=self._watch, name="watcher", daemon=True).start()

    def _watch(self):
        seen = count = idle = 0
        while True:
            time.sleep(TICK_SECONDS)
            with self._lock:
                call = self._call
                if call and call == seen:
                    self._call = 0
                    self._is_watched = False
                    break
                idle = 0 if self._count != count else idle + 1
                count = self._count
                asleep = self._is_asleep = idle >= TICKS_UNTIL_SLEEP
                self._is_watched = not asleep
            seen = call
            if asleep:
                self._alarm.acquire()
                idle = 0
        self._keep()
