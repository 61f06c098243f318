"""A pretend provider that sends as much as it is let, and knows how much that was."""
import select
import socket
import threading
import time

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


class Flood:
    """Answers each connection with HEAD and then `say(n)` for n = 0, 1, ... until that is None; `sent` are body bytes the
    kernel took, by connection. Small buffers of its own, so that the figures tell of the gateway."""

    def __init__(self, say, head=HEAD):
        self.say, self.head, self.sent, self.ended, self.stopping = say, head, [], [], False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.stopping:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 << 10)
            self.sent.append(0)
            self.ended.append(False)
            threading.Thread(target=self._serve, args=(connection, len(self.sent) - 1), daemon=True).start()

    def _serve(self, connection, index):
        with connection:
            try:
                self._answer(connection, index)
            except OSError:
                pass  # the gateway hung up: that is what some tests wait for
        self.ended[index] = True

    def _answer(self, connection, index):
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += connection.recv(65536)
        head, _, body = asked.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        connection.sendall(self.head)
        connection.setblocking(False)
        n = 0
        while not self.stopping and (piece := self.say(n)) is not None:
            view = memoryview(piece)
            while view and not self.stopping:
                if not select.select([], [connection], [], 0.1)[1]:
                    continue
                done = connection.send(view)
                self.sent[index] += done
                view = view[done:]
            n += 1

    def settled(self, seconds=20, quiet=0.5):
        """Waits until nothing more goes for `quiet` seconds; what was sent by then."""
        until, before, since = time.monotonic() + seconds, None, time.monotonic()
        while time.monotonic() < until:
            now = list(self.sent)
            if now != before:
                before, since = now, time.monotonic()
            elif now and time.monotonic() - since >= quiet:
                return now
            time.sleep(0.02)
        raise AssertionError(f"it goes on and on: {self.sent}")

    def stop(self):
        self.stopping = True
        self.listener.close()
