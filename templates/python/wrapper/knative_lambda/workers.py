"""Threads for functions that block. One thread does the work as long as it gets on; others help out when it does not.

Two Python threads that both have work hand the interpreter to and fro at every system call, which costs more than a short
function does. So they take turns: what one turn of the server brought is given to a worker at its end, and the worker wakes the
server when all of it is done. Only when a job waits and nothing was taken meanwhile does a function block; then every waiting
job gets a thread at once.
"""

from _thread import allocate_lock
from collections import deque
from threading import Thread

# How long a job waits for a thread that is busy before others are woken.
PATIENCE_SECONDS = 0.002
IDLE_SECONDS = 30


class Workers:
    """:param limit: threads at most; jobs beyond wait
    :param done: is called on a worker's thread when nothing waits any more"""

    def __init__(self, limit, done):
        self.limit = limit
        self.done = done
        self._lock = allocate_lock()
        self._jobs = deque()
        self._asleep = []  # a lock for each; the last to fall asleep is the first to wake, so that the others can leave
        self._awake = 0
        self._threads = 0
        self._taken = self._taken_before = 0
        self._looked_at = 0.0

    def submit(self, job):
        """On the server's thread. It begins after the next `look`."""
        self._jobs.append(job)

    def look(self, now):
        """On the server's thread, at the end of every turn.

        :return: seconds after which to look again, None when nothing waits"""
        if not self._jobs:
            self._looked_at = now
            return None
        with self._lock:
            if not self._awake:
                self._wake(1)
            elif self._taken == self._taken_before:
                if now - self._looked_at < PATIENCE_SECONDS:
                    return PATIENCE_SECONDS
                self._wake(len(self._jobs))
        self._taken_before = self._taken
        self._looked_at = now
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
        jobs = self._jobs
        while True:
            try:
                job = jobs.popleft()
            except IndexError:
                job = None
            if job is not None:
                self._taken += 1
                job()
                continue
            self.done()
            with self._lock:
                if jobs:
                    continue
                self._awake -= 1
                self._asleep.append(sleep)
            if not sleep.acquire(timeout=IDLE_SECONDS) and self._leave(sleep):
                return

    def _leave(self, sleep):
        with self._lock:
            if sleep not in self._asleep:
                sleep.acquire()  # woken at the last moment
                return False
            self._asleep.remove(sleep)
            self._threads -= 1
            return True
