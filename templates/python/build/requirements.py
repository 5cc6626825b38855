"""Prints what pyproject.toml asks for as pip reads it. The project itself is not installed: its files are the function."""

import sys
import tomllib

with open(sys.argv[1], "rb") as file:
    try:
        document = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        sys.exit(f"pyproject.toml: {error}")
project = document.get("project")
if project is None and "poetry" in document.get("tool", {}):
    sys.exit("pyproject.toml has no [project] table: write the dependencies there, or in requirements.txt")
dependencies = (project or {}).get("dependencies", [])
if not isinstance(dependencies, list) or not all(isinstance(each, str) and "\n" not in each for each in dependencies):
    sys.exit("pyproject.toml: project.dependencies must be a list of strings")
for dependency in dependencies:
    print(dependency)
