"""Calls the user's function: in threads, or on an event loop if it is async. Whatever it does, there is one outcome."""

from contextvars import copy_context
from functools import partial
from time import monotonic

from . import outcome
from .cloudevent import ABSENT
from .coroutines import Coroutines
from .log import Log, current
from .workers import Workers

MOST_THREADS = 128
CO_COROUTINE = 0x80
THREAD = "thread"
TASK = "task"


def is_async(function):
    """`inspect` knows too, but takes longer to import than the function to start."""
    while hasattr(function, "func"):
        function = function.func
    code = getattr(function, "__code__", None) or getattr(getattr(type(function), "__call__", None), "__code__", None)
    return code is not None and bool(code.co_flags & CO_COROUTINE)


class Calls:
    """:param function: the user's
    :param ended: is told the outcome of every call, on whichever thread it ended
    :param done: is called when there is nothing more to be told soon
    :param baton: calls quick functions on the server's own thread
    :param finish_lines: ends what an event printed without an end of line
    :param base: the ids of lines that belong to no event"""

    def __init__(self, function, ended, done, baton, finish_lines, base):
        self.function = function
        self.ended = ended
        self.finish_lines = finish_lines
        self.base = base
        self.workers = Workers(MOST_THREADS, done, baton, self._lost_job)
        self.coroutines = Coroutines(done, self.failed_in_background)
        self.async_function = is_async(function)
        if self.async_function:
            self.coroutines.start()

    def start(self, invocation):
        if self.async_function:
            self.coroutines.submit(lambda: self._start_task(invocation))
        else:
            self.workers.submit(partial(copy_context().run, self._call, invocation))

    def look(self, now):
        """At the end of every turn of the server: what came in it begins.

        :return: seconds after which to look again, or None"""
        if self.async_function:
            self.coroutines.flush()
        return self.workers.look(now)

    def _call(self, invocation):
        """On a worker's thread."""
        if invocation.is_over:
            return
        invocation.running = THREAD
        current.set(invocation)
        began = monotonic()
        try:
            data = invocation.event.data
            result = self.function(None if data is ABSENT else data, invocation.context)
            if hasattr(result, "__await__"):
                return self._await_elsewhere(invocation, result)
            ended = outcome.of_result(result)
        except BaseException as error:
            ended = self._failed(invocation, error)
        self.workers.took(monotonic() - began)
        self._end(invocation, ended)

    def _await_elsewhere(self, invocation, awaitable):
        """A function that is not async itself may still return what is to be awaited."""

        async def wait():
            return await awaitable

        invocation.running = TASK
        self.coroutines.start()
        self.coroutines.submit(lambda: self.coroutines.run(invocation, self._await(invocation, wait)))
        self.coroutines.flush()

    def _start_task(self, invocation):
        """On the event loop's thread."""
        if invocation.is_over:
            return
        data = invocation.event.data
        invocation.running = TASK
        call = self.function
        self.coroutines.run(invocation, self._await(invocation, lambda: call(None if data is ABSENT else data, invocation.context)))

    async def _await(self, invocation, call):
        current.set(invocation)
        try:
            ended = outcome.of_result(await call())
        except BaseException as error:
            ended = self._failed(invocation, error)
        self._end(invocation, ended)

    def _failed(self, invocation, error):
        ended = outcome.of_error(error)
        if not invocation.is_over:
            Log(invocation.ids).error("function failed", {"error": shown(error), "retryable": ended.kind != "failed"})
        return ended

    def _end(self, invocation, ended):
        self.finish_lines(invocation)
        self.ended(invocation, ended)

    def _lost_job(self, error):
        Log(self.base).error("wrapper failed", {"error": shown(error)})

    def failed_in_background(self, error):
        text = shown(error) if isinstance(error, BaseException) else str(error)
        event = current.get()
        Log(self.base if event is None else event.ids).error("function failed in the background", {"error": text})


def shown(error):
    """:return: the traceback as text, without the wrapper's own frames"""
    import traceback

    place = error.__traceback__
    while place is not None and place.tb_frame.f_code.co_filename == __file__:
        place = place.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, place))[-8192:]
    except BaseException:
        return type(error).__name__
