"""Threads for functions that block. One thread does the work as long as it gets on; others help out when it does not.

Handing a job to a sleeping thread costs more than a short function does, so a second thread is woken only when a job waits
and nothing was taken meanwhile: then a function blocks, and every waiting job gets a thread at once.
"""

from _thread import allocate_lock
from collections import deque
from threading import Thread

# How long a job waits for a thread that is busy before others are woken.
PATIENCE_SECONDS = 0.002
IDLE_SECONDS = 30


class Workers:
    """:param limit: threads at most; jobs beyond wait"""

    def __init__(self, limit):
        self.limit = limit
        self._lock = allocate_lock()
        self._jobs = deque()
        self._asleep = []  # a lock for each; the last to fall asleep is the first to wake, so that the others can leave
        self._awake = 0
        self._threads = 0
        self._taken = self._taken_before = 0
        self._looked_at = 0.0

    def submit(self, job):
        """From any thread."""
        with self._lock:
            self._jobs.append(job)
            if not self._awake:
                self._wake(1)

    def look(self, now):
        """From the server's thread, again and again.

        :return: seconds after which to look again, None when nothing waits"""
        if not self._jobs:
            self._looked_at = now
            return None
        if self._taken != self._taken_before:
            self._taken_before = self._taken
            self._looked_at = now
        elif now - self._looked_at >= PATIENCE_SECONDS:
            self._looked_at = now
            with self._lock:
                self._wake(len(self._jobs))
        return PATIENCE_SECONDS

    def _wake(self, count):
        for _ in range(count):
            if self._asleep:
                self._asleep.pop().release()
            elif self._threads < self.limit:
                self._threads += 1
                Thread(target=self._work, name="function", daemon=True).start()
            else:
                return
            self._awake += 1

    def _work(self):
        sleep = allocate_lock()
        sleep.acquire()
        while True:
            with self._lock:
                job = self._jobs.popleft() if self._jobs else None
                if job is None:
                    self._awake -= 1
                    self._asleep.append(sleep)
                else:
                    self._taken += 1
            if job is not None:
                job()
            elif not sleep.acquire(timeout=IDLE_SECONDS) and self._leave(sleep):
                return

    def _leave(self, sleep):
        with self._lock:
            if sleep not in self._asleep:
                sleep.acquire()  # woken at the last moment
                return False
            self._asleep.remove(sleep)
            self._threads -= 1
            return True
