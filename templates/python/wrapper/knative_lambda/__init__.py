"""The server around a Python function: CloudEvents in, CloudEvents out. Standard library only."""
