"""Configuration → function → server → signals. A function that cannot be loaded never listens, so it is never ready."""

import os
import sys
import threading
import time
from functools import partial

from . import config as configuration
from . import output, source
from .baton import Baton, Lost
from .call import Calls, shown
from .door import Door
from .in_hand import InHand
from .lifecycle import Lifecycle
from .log import RANK, Log
from .metrics import Metrics
from .reply import Replies
from .server import Server
from .watchdog import Watchdog


# A function that computes for long gives way to the server after this time, and not after Python's 5 ms.
SWITCH_SECONDS = 0.001


def start(root, began):
    """:param began: time.monotonic() when Python began to run the wrapper"""
    try:
        config = configuration.read()
    except configuration.InvalidConfiguration as invalid:
        end({}, "configuration is invalid", {"problems": invalid.problems})
    ids = {"third_party_id": config.tenant, "parser_id": config.name}
    Log.lowest = RANK[config.log_level]
    sys.setswitchinterval(SWITCH_SECONDS)
    finish_lines = output.capture(ids)
    function = load(root, ids)
    metrics = Metrics()
    door = Door(config, metrics, Replies(config.tenant, config.name), ids)
    server = Server(door, config.body_limit)
    lifecycle = Lifecycle(server, door, config.drain, ids)
    in_hand = InHand(server, config.timeout, metrics, open_scheduler(config), door.over, lifecycle.blocked)
    keep = partial(keep_server, server, lifecycle)
    calls = Calls(function, in_hand.ended, server.wake, Baton(keep), finish_lines, ids)
    in_hand.calls = calls
    door.in_hand = in_hand
    server.at_turn(in_hand.look)
    server.at_turn(Watchdog(config.timeout).look)
    threading.excepthook = lambda failed: calls.failed_in_background(failed.exc_value)
    sys.unraisablehook = lambda failed: calls.failed_in_background(failed.exc_value)
    lifecycle.install()
    try:
        port = server.listen(config.host, config.port)
    except OSError as error:
        end(ids, "cannot listen", {"error": str(error)})
    metrics.cold_start = seconds_since_start(began)
    Log(ids).write("info", "listening", {"port": port, "startup_ms": round(metrics.cold_start * 1000)}, always=True)
    keep()
    threading.Event().wait()  # another thread keeps the server, and ends the process


def keep_server(server, lifecycle):
    try:
        server.run()
    except Lost:
        return
    lifecycle.leave()


def load(root, ids):
    try:
        return source.load(root)
    except BaseException as error:
        end(ids, "function could not be loaded", {"error": shown(error)})


def open_scheduler(config):
    if config.scheduler_url is None:
        return None
    from .scheduler import Scheduler

    return Scheduler(config.scheduler_url, config.signing_key, config.name)


def end(ids, message, fields):
    Log(ids).write("fatal", message, fields, always=True)
    os._exit(1)


def seconds_since_start(began):
    """Since the kernel started the process, where it says so: what Python itself took is part of a cold start."""
    since_began = time.monotonic() - began
    try:
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        since_start = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError):
        return since_began
    # The kernel counts in hundredths of a second: never less than what was measured here.
    return max(since_start, since_began)
