"""What a function may do to the threads of its process, and what others see of it."""

import http.client
import signal
import threading
import time
import unittest

from .function_process import FunctionProcess

BLOCKING = """
import sys, time

def handle(data, context):
    for name, value in data.items():
        if name == "sleep": time.sleep(value)
        if name == "spin":
            end = time.monotonic() + value
            while time.monotonic() < end: pass
        if name == "leave": sys.exit(value)
    return threading_name()

def threading_name():
    import threading
    return threading.current_thread().name
"""

ASYNC = """
import asyncio, time

async def handle(data, context):
    if "block" in data: time.sleep(data["block"])
    if "hang" in data:
        try: await asyncio.sleep(60)
        finally: context.log.info("cancelled", fired=context.cancelled.is_set())
    if "later" in data: asyncio.get_running_loop().create_task(fail())
    await asyncio.sleep(0)
    return data

async def fail():
    raise RuntimeError("too late")
"""


class Started(unittest.TestCase):
    def start(self, source, **environment):
        function = FunctionProcess(source, **environment)
        self.addCleanup(function.close)
        return function

    def begin(self, function, data):
        answers = []
        thread = threading.Thread(target=lambda: answers.append(function.call(data)))
        thread.start()
        self.addCleanup(thread.join)
        return thread, answers


class QuickFunctions(Started):
    def warm(self, function):
        """Calls it until the server's own thread does: on a busy machine a quick function may look slow for a while."""
        connection = function.connection()
        self.addCleanup(connection.close)
        patience = time.monotonic() + 10
        while function.call({}, connection)[1] not in ("MainThread", "watcher"):
            self.assertLess(time.monotonic(), patience)
        return connection

    def test_are_called_by_the_thread_of_the_server(self):
        self.warm(self.start(BLOCKING))

    def test_lose_the_server_to_another_thread_when_they_block(self):
        for kind in ("sleep", "spin", "sleep"):
            with self.subTest(kind=kind):
                function = self.start(BLOCKING)
                for _ in range(2):
                    connection = self.warm(function)
                    thread, answers = self.begin(function, {kind: 1})
                    time.sleep(0.1)
                    began = time.monotonic()
                    for _ in range(5):
                        self.assertEqual(function.call({}, connection)[0], 200)
                    self.assertLess(time.monotonic() - began, 0.7)
                    thread.join()
                    self.assertEqual(answers[0][0], 200)

    def test_can_be_stopped_while_the_main_thread_is_held_up(self):
        function = self.start(BLOCKING)
        self.warm(function)
        _, answers = self.begin(function, {"spin": 0.7})
        time.sleep(0.1)
        function.process.send_signal(signal.SIGTERM)
        function.line("stopping")
        self.assertEqual(function.process.wait(5), 0)
        self.assertEqual(function.line("stopped")["level"], "info")
        self.assertEqual(answers[0][0], 200)

    def test_do_not_end_the_process_by_sys_exit(self):
        function = self.start(BLOCKING)
        self.warm(function)
        status, answer = function.call({"leave": "goodbye"})
        self.assertEqual((status, answer["detail"]), (500, "goodbye"))
        self.assertEqual(function.call({})[0], 200)


class SlowFunctions(Started):
    def test_run_side_by_side(self):
        function = self.start(BLOCKING)
        began = time.monotonic()
        for thread, _ in [self.begin(function, {"sleep": 0.5}) for _ in range(30)]:
            thread.join()
        self.assertLess(time.monotonic() - began, 3)

    def test_end_the_process_when_too_many_never_return(self):
        function = self.start(BLOCKING, TIMEOUT_SECONDS="0.2", DRAIN_SECONDS="5")
        lost = [self.begin(function, {"sleep": 30}) for _ in range(70)]
        for thread, answers in lost:
            thread.join()
            self.assertIn(answers[0][0], (504, 503))
        self.assertEqual(function.line("function blocks the process")["level"], "fatal")
        self.assertEqual(function.process.wait(10), 1)


HOLDING = """
import re

def handle(data, context):
    return re.fullmatch("(a+)+", "a" * data["letters"] + "b") is None
"""


class FunctionsThatHoldTheInterpreter(Started):
    def test_end_the_process_and_say_where(self):
        function = self.start(HOLDING, TIMEOUT_SECONDS="0.5")
        self.assertEqual(function.call({"letters": 3}), (200, True))
        with self.assertRaises(http.client.HTTPException):
            function.call({"letters": 60})
        self.assertEqual(function.process.wait(10), 1)
        self.assertIn("main.py", function.process.stderr.read())


class AsyncFunctions(Started):
    def test_are_cancelled_at_the_timeout_and_told_so(self):
        function = self.start(ASYNC, TIMEOUT_SECONDS="0.3")
        self.assertEqual(function.call({"hang": 1})[0], 504)
        self.assertTrue(function.line("cancelled")["fired"])
        self.assertEqual(function.call({"a": 1}), (200, {"a": 1}))

    def test_end_the_process_when_their_event_loop_is_blocked(self):
        function = self.start(ASYNC, TIMEOUT_SECONDS="0.3", DRAIN_SECONDS="5")
        self.assertEqual(function.call({"block": 30})[0], 504)
        self.assertEqual(function.line("function blocks the process")["level"], "fatal")
        self.assertEqual(function.process.wait(10), 1)

    def test_may_fail_in_the_background(self):
        function = self.start(ASYNC)
        self.assertEqual(function.call({"later": 1})[0], 200)
        self.assertEqual(function.call({"a": 1})[0], 200)


if __name__ == "__main__":
    unittest.main()
