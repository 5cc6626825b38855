"""A job that raises, which none should, costs itself only."""

import threading
import time
import unittest

from knative_lambda.baton import Baton
from knative_lambda.workers import Workers


def fail():
    raise SystemExit("lost")


class WorkersOfFailingJobs(unittest.TestCase):
    def setUp(self):
        self.failures = []
        self.workers = Workers(1, lambda: None, Baton(lambda: None), self.failures.append)

    def run_all(self, jobs):
        ran = threading.Event()
        for job in (*jobs, ran.set):
            self.workers.submit(job)
        patience = time.monotonic() + 5
        while not ran.is_set():
            self.assertLess(time.monotonic(), patience)
            self.workers.look(time.monotonic())
            time.sleep(0.001)

    def test_keep_their_thread(self):
        self.run_all([fail, fail])
        self.assertEqual([str(failure) for failure in self.failures], ["lost", "lost"])

    def test_keep_the_thread_of_the_server(self):
        for _ in range(100):
            self.workers.took(0)
        self.run_all([fail, fail])
        self.assertEqual(len(self.failures), 2)
        self.assertEqual(self.workers._threads, 0)


if __name__ == "__main__":
    unittest.main()
