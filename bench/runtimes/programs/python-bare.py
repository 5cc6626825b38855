"""The barest server that a Python program can be without a development server: asyncio, and a head parsed into headers, as every
server must to know where a request ends. It reads nothing of the event and answers always the same."""

import asyncio
import os

BODY = b'{"block":"0x1b4","logs":3}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Bare(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.received = b""

    def data_received(self, data):
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            headers = {}
            for line in self.received[:end].decode("latin-1").split("\r\n")[1:]:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            whole = end + 4 + int(headers.get("content-length", 0))
            if len(self.received) < whole:
                return
            self.received = self.received[whole:]
            self.transport.write(ANSWER)
            if headers.get("connection") == "close":
                self.transport.close()


async def main():
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", int(os.environ["PORT"]))
    await server.serve_forever()


asyncio.run(main())
