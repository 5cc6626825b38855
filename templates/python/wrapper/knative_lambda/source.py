"""The tenant's function: which file of the source, which name in it."""

import json
import os
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location

USUAL_FILES = ("main.py", "handler.py", "function.py")
USUAL_NAMES = ("handle", "handler", "parse")


class NoFunction(Exception):
    """The source as it is written can never be loaded."""


def find(folder, entry, handler):
    """:param entry: a file of the source, or None
    :param handler: a name, or a file and a name (`lib/parse.run`), or None
    :return: the path of the file below the folder, and the name or None"""
    path, name = None, handler
    if handler is not None and handler.rfind(".") > 0:
        path, _, name = handler.rpartition(".")
    asked = path or entry
    return (_usual_file(folder) if asked is None else _file_at(folder, asked)), name


def _file_at(folder, path):
    inside = os.path.normpath(path)
    if os.path.isabs(inside) or inside.split(os.sep, 1)[0] == "..":
        raise NoFunction(f"{path} lies outside of the source")
    for candidate in (inside, f"{inside}.py", os.path.join(inside, "__init__.py")):
        if candidate.endswith(".py") and os.path.isfile(os.path.join(folder, candidate)):
            return candidate
    raise NoFunction(f"{path} is not in the source")


def _usual_file(folder):
    for name in USUAL_FILES:
        if os.path.isfile(os.path.join(folder, name)):
            return name
    sources = sorted(name for name in os.listdir(folder) if name.endswith(".py"))
    if len(sources) == 1:
        return sources[0]
    shown = ", ".join(sources) or "none"
    raise NoFunction(f"the source has no {', '.join(USUAL_FILES)}, and not exactly one file to choose; it has: {shown}")


def load(root):
    """:return: the function that function.json asks for"""
    with open(os.path.join(root, "function.json"), encoding="utf-8") as file:
        choice = json.load(file)
    folder = os.path.join(root, "function")
    path, name = find(folder, choice.get("entry"), choice.get("handler"))
    _extend_path(folder, os.path.join(root, "dependencies", "packages"))
    return choose(_import(folder, path), name)


def choose(module, name):
    for candidate in USUAL_NAMES if name is None else (name,):
        found = getattr(module, candidate, None)
        if callable(found):
            return found
    wanted = f"none of {', '.join(USUAL_NAMES)}" if name is None else f"no function named {name}"
    defined = ", ".join(key for key in vars(module) if not key.startswith("_")) or "nothing"
    raise NoFunction(f"the source defines {wanted}; it defines: {defined}")


def _extend_path(folder, packages):
    sys.path.insert(0, folder)
    if not os.path.isdir(packages):
        return
    sys.path.insert(1, packages)
    if any(name.endswith(".pth") for name in os.listdir(packages)):
        import site

        site.addsitedir(packages)


def _import(folder, path):
    """By its own name where that is possible, so that the other files can import it, too; a name of the standard library is not."""
    parts = path.removesuffix(".py").split(os.sep)
    if parts[-1] == "__init__":
        parts.pop()
    name = ".".join(parts)
    if all(part.isidentifier() for part in parts) and parts[0] not in sys.stdlib_module_names and parts[0] not in sys.modules:
        __import__(name)
        return sys.modules[name]
    name = f"function_{parts[-1]}" if parts else "function"
    file = os.path.join(folder, path)
    spec = spec_from_file_location(name, file, loader=SourceFileLoader(name, file))
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
