"""The server's thread: it alone touches sockets. Functions run elsewhere and hand their answers back through `post`.

A selector and non-blocking sockets, and not asyncio: importing asyncio takes longer than all the rest of a cold start together.
"""

import os
import selectors
import socket
import time
from collections import deque
from selectors import EVENT_READ

from .connection import Connection

IDLE_CHECK_SECONDS = 1.0
BACKLOG = 1024


class Server:
    """:param routes: has `on_request(connection, head, body)` and `refuse(BadRequest) -> Response`"""

    def __init__(self, routes, body_limit):
        self.on_request = routes.on_request
        self.refuse = routes.refuse
        self.body_limit = body_limit
        self.selector = selectors.DefaultSelector()
        self.connections = set()
        self.posted = deque()
        self.now = time.monotonic()
        self.turns = [self._close_the_idle]
        self.idle_check_at = 0.0
        self.stopping = self.ended = False
        self.listener = None
        self.on_signal = None
        self.waker_out, self.waker_in = os.pipe()
        os.set_blocking(self.waker_out, False)
        os.set_blocking(self.waker_in, False)
        self.selector.register(self.waker_out, EVENT_READ, self._on_wake)

    def listen(self, host, port):
        """:return: the port, which the system chose if it was 0"""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
        self.selector.register(listener, EVENT_READ, self._on_connection)
        return listener.getsockname()[1]

    def post(self, call):
        """Runs `call` on the server's thread, soon. May be called from any thread and from a signal handler."""
        self.posted.append(call)
        self.wake()

    def post_quietly(self, call):
        """Runs `call` on the server's thread, at its next turn. Who calls this calls `wake` after the last of several."""
        self.posted.append(call)

    def wake(self):
        try:
            os.write(self.waker_in, b"\0")
        except BlockingIOError:
            pass  # it is full of wake-ups that are still to be read

    def at_turn(self, look):
        """:param look: is called with the time at every turn; it says after how many seconds it must be called again, or None"""
        self.turns.append(look)

    def run(self):
        """On the thread that keeps the server; returns after `end`.

        :raises Lost: when another thread keeps it by now"""
        select = self.selector.select
        posted = self.posted
        wait = 0.0
        while not self.ended:
            ready = select(wait)
            self.now = now = time.monotonic()
            for key, mask in ready:
                key.data(mask)
            while posted:
                posted.popleft()()
            wait = IDLE_CHECK_SECONDS
            for look in self.turns:
                again = look(now)
                if again is not None and again < wait:
                    wait = again
            if posted:
                wait = 0.0

    def in_hand(self):
        """Requests that are not answered yet, or whose answer has not left."""
        return sum(1 for connection in self.connections if connection.busy or connection.unsent)

    def end(self):
        self.ended = True
        self.selector.unregister(self.listener)
        self.listener.close()
        for connection in tuple(self.connections):
            connection.close()

    def watch(self, sock, before, after, on_ready):
        if before and after:
            self.selector.modify(sock, after, on_ready)
        elif after:
            self.selector.register(sock, after, on_ready)
        elif before:
            self.selector.unregister(sock)

    def _on_connection(self, _):
        while True:
            try:
                sock, _ = self.listener.accept()
            except BlockingIOError:
                return
            except OSError:
                return time.sleep(0.05)  # out of file descriptors: let some close
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock)
            self.connections.add(connection)
            self.selector.register(sock, EVENT_READ, connection.on_ready)

    def _on_wake(self, _):
        try:
            told = os.read(self.waker_out, 4096)
        except BlockingIOError:
            return
        # Signals come by the same pipe, as their numbers: the thread that Python would tell may be held up by the function.
        for number in told.strip(b"\0"):
            if number:
                self.on_signal(number)

    def _close_the_idle(self, now):
        if now < self.idle_check_at:
            return
        self.idle_check_at = now + IDLE_CHECK_SECONDS
        for connection in tuple(self.connections):
            if connection.is_overdue(now):
                connection.close()
