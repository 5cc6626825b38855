"""A function process for a test: built by the two scripts, started by the start command."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile

TEMPLATE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EVENT = {"ce-specversion": "1.0", "ce-id": "event-1", "ce-source": "test", "ce-type": "test", "content-type": "application/json"}


class FunctionProcess:
    def __init__(self, source, **environment):
        self.root = tempfile.mkdtemp(prefix="python-function-")
        for folder in ("build", "wrapper"):
            shutil.copytree(os.path.join(TEMPLATE, folder), os.path.join(self.root, folder))
        os.makedirs(os.path.join(self.root, "function"))
        with open(os.path.join(self.root, "function", "main.py"), "w", encoding="utf-8") as file:
            file.write(source)
        with open(os.path.join(self.root, "function.json"), "w", encoding="utf-8") as file:
            json.dump({"runtime": "python3.13", "entry": None, "handler": None}, file)
        settings = {"PORT": "0", "HOST": "127.0.0.1", "FUNCTION_TENANT": "acme", "FUNCTION_NAME": "slow", **environment}
        command = [sys.executable, "-I", "-S", "-B", "wrapper/main.py"]
        self.process = subprocess.Popen(command, cwd=self.root, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.port = self.line("listening")["port"]

    def line(self, message):
        """Waits for a log line."""
        for text in self.process.stdout:
            line = json.loads(text)
            if line["msg"] == message:
                return line
        raise AssertionError(f"it never said {message}")

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def call(self, data, connection=None):
        own = connection or self.connection()
        try:
            own.request("POST", "/", json.dumps(data), EVENT)
            answer = own.getresponse()
            return answer.status, json.loads(answer.read() or "null")
        finally:
            if connection is None:
                own.close()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        shutil.rmtree(self.root)
