"""The signal that an event's time is up."""

from _thread import allocate_lock

_lock = allocate_lock()


class Cancellation:
    """Like a threading.Event that only the wrapper sets. Most events never ask for it, so the real one is made when one does."""

    __slots__ = ("_event", "_fired")

    def __init__(self):
        self._event = None
        self._fired = False

    def is_set(self):
        return self._fired

    def wait(self, timeout=None):
        """:return: whether it fired within `timeout` seconds"""
        with _lock:
            if self._event is None:
                from threading import Event

                self._event = Event()
                if self._fired:
                    self._event.set()
        return self._event.wait(timeout)

    def fire(self):
        with _lock:
            self._fired = True
            if self._event is not None:
                self._event.set()
