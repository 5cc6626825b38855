"""The events in hand: each has its time, exactly one outcome, and the scheduler is told of it. All on the server's thread."""

from functools import partial

from . import outcome
from .call import TASK, THREAD
from .log import Log

# Threads that went on after their event's timeout. They cannot be stopped, only counted: with so many the process begins anew.
MOST_STUCK = 64
# How long an event loop may take to notice that an event timed out, before it counts as blocked.
LOOP_PATIENCE_SECONDS = 1.0
STUCK = "stuck"


class InHand:
    """:param over: is told when an event is over
    :param blocked: ends the process when threads are lost for good"""

    def __init__(self, server, timeout, metrics, scheduler, over, blocked):
        self.server = server
        self.timeout = timeout
        self.metrics = metrics
        self.scheduler = scheduler
        self.over = over
        self.blocked = blocked
        self.calls = None
        self.deadlines = {}
        self.stuck = 0
        self.unnoticed = []

    def take(self, invocation):
        now = self.server.now
        invocation.started = now
        self.metrics.in_flight += 1
        # The timeout is the same for all, so the first one in is the first one due.
        self.deadlines[invocation] = now + self.timeout
        self.calls.start(invocation)

    def ended(self, invocation, result):
        """From any thread."""
        self.server.post_quietly(partial(self._settle, invocation, result))

    def look(self, now):
        """:return: seconds after which to look again"""
        wait = self.calls.look(now)
        while self.deadlines:
            invocation, deadline = next(iter(self.deadlines.items()))
            if deadline > now:
                wait = deadline - now if wait is None else min(wait, deadline - now)
                break
            self._time_out(invocation, now)
        if self.unnoticed:
            self._check_event_loop(now)
            return LOOP_PATIENCE_SECONDS if wait is None else min(wait, LOOP_PATIENCE_SECONDS)
        return wait

    def _settle(self, invocation, result):
        if self.deadlines.pop(invocation, None) is None:
            # Its time was over long ago; at least it gave its thread back.
            if invocation.running == STUCK:
                self.stuck -= 1
            return
        invocation.is_over = True
        self._deliver(invocation, result)

    def _time_out(self, invocation, now):
        del self.deadlines[invocation]
        invocation.is_over = True
        invocation.cancelled.fire()
        Log(invocation.ids).error("function timed out", {"timeout_seconds": self.timeout})
        if invocation.running == THREAD:
            invocation.running = STUCK
            self.stuck += 1
            if self.stuck >= MOST_STUCK:
                self.blocked()
        elif invocation.running == TASK:
            self.unnoticed.append(now)
            self.calls.coroutines.cancel(invocation)
        self._deliver(invocation, outcome.of_timeout(self.timeout))

    def _check_event_loop(self, now):
        coroutines = self.calls.coroutines
        while self.unnoticed and coroutines.noticed:
            coroutines.noticed -= 1
            self.unnoticed.pop(0)
        if self.unnoticed and now - self.unnoticed[0] > LOOP_PATIENCE_SECONDS:
            self.blocked()

    def _deliver(self, invocation, result):
        self.metrics.in_flight -= 1
        self.metrics.observe(self.server.now - invocation.started)
        if self.scheduler is None:
            self.over(invocation, result)
        else:
            self.calls.workers.submit(partial(self._tell, invocation, result))

    def _tell(self, invocation, result):
        """On a worker's thread."""
        remains = outcome.UNDELIVERED
        try:
            remains = self.scheduler.tell(invocation, result)
        finally:  # whatever becomes of this, the event is answered
            self.server.post(lambda: self.over(invocation, remains))
