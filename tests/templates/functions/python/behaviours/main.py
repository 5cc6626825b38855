"""Does what the event's data asks for; see ../../README.md."""

import asyncio
import base64
import math
import os
import sys
import threading
import time

import inflection


class Permanent(Exception):
    retryable = False


class PermanentError(Exception):
    """Only a name."""


class NoError(BaseException):
    """Outside of what `except Exception` catches."""


class Unreadable(Exception):
    def __str__(self):
        raise RuntimeError("no message")

    @property
    def retryable(self):
        raise RuntimeError("who knows")


class UnreadableNoError(NoError):
    def __str__(self):
        raise NoError("no message")

    @property
    def retryable(self):
        raise NoError("who knows")


def throw(error):
    raise error


def block():
    while True:
        pass


async def sleep(ms):
    await asyncio.sleep(ms / 1000)
    return {"slept": ms}


async def hang(context):
    try:
        await asyncio.Event().wait()
    finally:
        assert context.cancelled.is_set()
        context.log.info("signal fired")


def wait_for_the_signal(context):
    context.cancelled.wait(60)
    raise TimeoutError("the signal fired")


def fail_later(message):
    threading.Timer(0.02, throw, [RuntimeError(message)]).start()
    return {"ok": True}


def print_parts(parts, stream):
    for part in parts:
        getattr(sys, stream).write(part)
        time.sleep(0.001)
    return {"ok": True}


def log(context, message, fields):
    context.log.warn(message, fields)
    return {"ok": True}


def write_a_file(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write("x")


TASKS = {
    "return": lambda task, _: task["value"],
    "return nothing": lambda *_: None,
    "return bytes": lambda task, _: base64.b64decode(task["base64"]),
    "return big": lambda task, _: "x" * task["size"],
    "return unserializable": lambda *_: {"big": object()},
    "throw": lambda task, _: throw(RuntimeError(task["message"])),
    "throw permanent": lambda task, _: throw(Permanent(task["message"])),
    "throw a non-error": lambda task, _: throw(NoError(task["value"])),
    "throw the unreadable": lambda task, _: throw(UnreadableNoError() if task["thrown"] else Unreadable()),
    "throw permanently named": lambda *_: throw(PermanentError("only a name")),
    "return not a number": lambda task, _: {"list": [None, math.nan], "object": {"a": None, "b": {"c": -math.inf}}}.get(task["in"], math.nan),
    "wait for the signal": lambda _, context: wait_for_the_signal(context),
    "sleep": lambda task, _: sleep(task["ms"]),
    "hang": lambda _, context: hang(context),
    "block": lambda *_: block(),
    "fail later": lambda task, _: fail_later(task["message"]),
    "exit": lambda task, _: os._exit(task["code"]),
    "print": lambda task, _: print_parts(task["parts"], task["stream"]),
    "log": lambda task, context: log(context, task["message"], task["fields"]),
    "use the dependency": lambda *_: inflection.dasherize(inflection.underscore("theDependencyWasUsed")),
    "environment": lambda task, _: os.environ.get(task["name"]),
    "write a file": lambda task, _: write_a_file(task["path"]),
}


def camel_case(name):
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def report(data, context):
    event = dict(context.event)
    present = "data" in event
    event.pop("data", None)
    is_bytes = isinstance(data, bytes)
    told = {
        "kind": "bytes" if is_bytes else "value" if present else "none",
        "event": event,
        "contextId": context.context_id,
        "correlationId": context.correlation_id,
        "traceparent": context.traceparent,
        "remainingMs": context.remaining() * 1000,
        "services": {camel_case(name): value for name, value in vars(context.services).items() if value is not None},
    }
    if present:
        told["data"] = base64.b64encode(data).decode() if is_bytes else data
    return told


def handle(data, context):
    if context.event.get("datacontenttype") == "application/x-behaviour":
        raise Permanent("bytes refused")
    task = TASKS.get(data.get("do")) if isinstance(data, dict) else None
    return report(data, context) if task is None else task(data, context)
