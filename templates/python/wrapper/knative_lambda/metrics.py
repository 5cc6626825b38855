"""Prometheus metrics. Only the server's thread counts, so no lock is needed."""

OUTCOMES = ("complete", "empty", "failed", "error", "timeout", "undelivered", "rejected")
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    def __init__(self):
        self.requests = dict.fromkeys(OUTCOMES, 0)
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.in_flight = 0
        self.stuck = 0
        self.cold_start = 0.0

    def observe(self, seconds):
        self.seconds += seconds
        for index, bound in enumerate(BUCKETS):
            if seconds <= bound:
                self.buckets[index] += 1
                return
        self.buckets[-1] += 1

    def text(self):
        return "".join(f"{line}\n" for line in self._lines()).encode()

    def _lines(self):
        yield from _head("knative_lambda_function_requests_total", "counter", "Events by what became of them.")
        for outcome, count in self.requests.items():
            yield f'knative_lambda_function_requests_total{{outcome="{outcome}"}} {count}'
        name = "knative_lambda_function_duration_seconds"
        yield from _head(name, "histogram", "Time the function took, in seconds.")
        total = 0
        for bound, count in zip((*BUCKETS, "+Inf"), self.buckets):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self.seconds!r}"
        yield f"{name}_count {total}"
        yield from _gauge("knative_lambda_function_in_flight", "Events in the function now.", self.in_flight)
        yield from _gauge("knative_lambda_cold_start_duration_seconds", "From the start of the process until it listened, in seconds.", self.cold_start)


def _head(name, kind, says):
    return f"# HELP {name} {says}", f"# TYPE {name} {kind}"


def _gauge(name, says, value):
    return *_head(name, "gauge", says), f"{name} {value}"
