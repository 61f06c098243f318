"""A real redis-server for tests of the fleet: on loopback, in a temporary folder, ended by its process id."""
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from gateway import Skip

PASSWORD = "store-canary"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RedisStore:
    """`appendfsync always`: what it has answered, it remembers. `kept=False`: it forgets everything when it ends."""

    def __init__(self, kept=True, password=PASSWORD):
        if not shutil.which("redis-server"):
            raise Skip("redis-server is not installed")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="steelyard-redis-"))
        self.port, self.kept, self.password = free_port(), kept, password
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "",
             "--appendonly", "yes" if self.kept else "no", "--appendfsync", "always", "--daemonize", "no"]
            + (["--requirepass", self.password] if self.password else []),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while self.ask("PING") != "PONG":
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def ask(self, *words):
        """One command; a list comes as a list of texts."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as link:
                stream = link.makefile("rwb")
                if self.password:
                    self._send(stream, "AUTH", self.password)
                    self._read(stream)
                self._send(stream, *words)
                return self._read(stream)
        except OSError as error:
            return error

    @staticmethod
    def _send(stream, *words):
        stream.write(b"*%d\r\n" % len(words))
        for word in words:
            data = str(word).encode()
            stream.write(b"$%d\r\n%s\r\n" % (len(data), data))
        stream.flush()

    def _read(self, stream):
        line = stream.readline().rstrip(b"\r\n").decode()
        kind, rest = line[:1], line[1:]
        if kind == "$":
            return None if rest == "-1" else stream.read(int(rest) + 2)[:-2].decode()
        if kind == "*":
            return [self._read(stream) for _ in range(int(rest))]
        return rest

    def windows(self, fleet="steelyard"):
        """{key: {field: text}} of every window."""
        found = {}
        for key in sorted(self.ask("KEYS", f"steelyard:{{{fleet}}}:w:*")):
            flat = self.ask("HGETALL", key)
            found[key] = dict(zip(flat[::2], flat[1::2]))
        return found

    def granted(self, scope="acme"):
        """What was granted of `scope`, nano-dollars, all windows."""
        return sum(int(w["granted"]) for key, w in self.windows().items() if f":w:{scope}|" in key)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
