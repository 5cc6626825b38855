"""Byte-compiles the source and the wrapper, and loads the function once: what can never be loaded fails its build, not its start."""

import json
import os
import py_compile
import sys
import threading
import traceback

# A module that never finishes loading must not hold a build.
PATIENCE_SECONDS = 20
UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH

root = os.getcwd()
sys.path.insert(0, os.path.join(root, "wrapper"))
from knative_lambda import source  # noqa: E402

sys.path.pop(0)


def fail(message):
    print(message, file=sys.stderr, flush=True)
    os._exit(1)


def files_below(folder):
    """The files that an import can reach; a template called {{name}}.py is none of them."""
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name.isidentifier() and name != "__pycache__"]
        yield from (os.path.join(path, name) for name in names if name.endswith(".py"))


def byte_compile(folder):
    for path in files_below(folder):
        shown = os.path.relpath(path, folder)
        try:
            py_compile.compile(path, dfile=shown, doraise=True, invalidation_mode=UNCHECKED)
        except py_compile.PyCompileError as error:
            fail(error.msg)
        except (ValueError, OSError) as error:
            fail(f"{shown}: {error}")


def give_up():
    print(f"the function was still loading after {PATIENCE_SECONDS} seconds", file=sys.stderr, flush=True)
    os._exit(0)


def load_once():
    # The platform's own environment is not here, and the function's may be missing: only what no environment heals counts.
    late = threading.Timer(PATIENCE_SECONDS, give_up)
    late.daemon = True
    late.start()
    try:
        source.load(root)
    except (source.NoFunction, SyntaxError, ImportError) as error:
        told = str(error) if isinstance(error, source.NoFunction) else "".join(traceback.format_exception(error))
        fail(f"the function cannot be loaded\n{told}")
    except BaseException as error:
        told = "".join(traceback.format_exception(error))
        print(f"the function could not be loaded during the build, which may be right:\n{told}", file=sys.stderr, flush=True)


with open("function.json", encoding="utf-8") as file:
    choice = json.load(file)
try:
    source.find("function", choice.get("entry"), choice.get("handler"))
except source.NoFunction as error:
    fail(str(error))
byte_compile("wrapper")
byte_compile("function")
load_once()
os._exit(0)
