"""Where functions that are not async are called: by the server's own thread as long as they are quick, else by threads beside it.

Two Python threads that both have work hand the interpreter to and fro at every system call. So they take turns: what one turn of
the server brought is given to a worker at its end, and the worker wakes the server when all of it is done. Only when a job waits
and nothing was taken meanwhile does a function block; then every waiting job gets a thread at once.
"""

import time

from _thread import allocate_lock
from collections import deque
from threading import Thread

from .baton import Lost

# How long a job waits for a thread that is busy before others are woken.
PATIENCE_SECONDS = 0.002
IDLE_SECONDS = 30
# Calls that take less on average are made by the server's own thread.
QUICK_SECONDS = 0.0003
# How much one call counts in the average; and what is thought of a function before its first.
WEIGHT = 0.1
UNKNOWN_SECONDS = 0.001


class Workers:
    """:param limit: threads at most; jobs beyond wait
    :param done: is called on a worker's thread when nothing waits any more
    :param baton: calls a job on the server's own thread
    :param failed: is told of a job that raised, which none should: the thread goes on"""

    def __init__(self, limit, done, baton, failed):
        self.limit = limit
        self.done = done
        self.baton = baton
        self.failed = failed
        self._average = UNKNOWN_SECONDS
        self._lock = allocate_lock()
        self._jobs = deque()
        self._asleep = []  # a lock for each; the last to fall asleep is the first to wake, so that the others can leave
        self._awake = 0
        self._threads = 0
        self._taken = self._taken_before = 0
        self._looked_at = 0.0

    def submit(self, job):
        """On the server's thread. It begins at the next `look`."""
        self._jobs.append(job)

    def took(self, seconds):
        """A call of the function is over. Its wall time counts: who waits holds the server up as well."""
        self._average += (seconds - self._average) * WEIGHT

    def look(self, now):
        """On the server's thread, at the end of every turn.

        :return: seconds after which to look again, None when nothing waits"""
        if self._average < QUICK_SECONDS and not self._awake:
            self._work_here()
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

    def _work_here(self):
        jobs, call, do = self._jobs, self.baton.call, self._do
        try:
            while jobs and self._average < QUICK_SECONDS:
                call(do, jobs.popleft())
        except Lost:
            self.done()
            raise

    def _do(self, job):
        try:
            job()
        except BaseException as error:
            self.failed(error)

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
                self._do(job)
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
