"""The event loop of `async` functions: one thread of its own, so that a coroutine that blocks stops neither probes nor timeouts.

asyncio is imported when the first coroutine comes: it takes longer to import than all the rest of a start.
"""

from _thread import allocate_lock
from collections import deque
from contextvars import copy_context
from threading import Thread


class Coroutines:
    """:param done: is called on the loop's thread when tasks have ended, once for all that ended in one turn of the loop
    :param on_background_failure: is told of a task that failed and that nobody awaits"""

    def __init__(self, done, on_background_failure):
        self._done = done
        self._on_background_failure = on_background_failure
        self._lock = allocate_lock()
        self._loop = None
        self._calls = deque()
        self._tasks = {}
        self._is_planned = False
        self.noticed = 0

    def start(self):
        with self._lock:
            if self._loop is None:
                import asyncio

                self._asyncio = asyncio
                self._loop = asyncio.new_event_loop()
                self._loop.set_exception_handler(self._on_exception)
                Thread(target=self._run, name="coroutines", daemon=True).start()

    def submit(self, call):
        """From any thread: runs `call` on the loop's thread, after the next `flush`."""
        self._calls.append(call)

    def flush(self):
        if self._calls:
            self._loop.call_soon_threadsafe(self._drain)

    def run(self, key, awaitable):
        """On the loop's thread: awaits it in a task that `cancel(key)` can stop. The awaitable must not raise."""
        task = self._loop.create_task(awaitable, context=copy_context())
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._forget(key))

    def cancel(self, key):
        """From any thread. `noticed` grows when the loop has taken notice."""
        self.submit(lambda: self._cancel(key))
        self.flush()

    def _cancel(self, key):
        self.noticed += 1
        task = self._tasks.get(key)
        if task is not None:
            task.cancel()

    def _forget(self, key):
        del self._tasks[key]
        if not self._is_planned:
            self._is_planned = True
            self._loop.call_soon(self._tell)

    def _tell(self):
        self._is_planned = False
        self._done()

    def _run(self):
        self._asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _drain(self):
        calls = self._calls
        while calls:
            calls.popleft()()

    def _on_exception(self, _, context):
        self._on_background_failure(context.get("exception") or context.get("message"))
