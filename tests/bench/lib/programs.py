"""Starts and ends the programs under test; only ever ends what it started, by process id."""
import ctypes
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import time

import machine

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
CONFIG = pathlib.Path(__file__).resolve().parent.parent / "config"
ROOT = CONFIG.parent.parent.parent


class Failure(Exception):
    """A measurement that cannot be trusted, or a program that does not start."""


class Program:
    """A process on one CPU with a port. Its output is kept, to be shown when something is wrong."""

    def __init__(self, name, command, port, folder, cpu, prefix=(), patience=15):
        self.name, self.port, self.folder = name, port, folder
        self.log = folder / f"{name}.log"
        command = [*prefix, *map(str, command)]
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                start_new_session=True, preexec_fn=lambda: _prepare(cpu))
        self.pid = self.process.pid
        self._wait_for_port(120 if prefix else patience)

    def _wait_for_port(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise Failure(f"{self.name} does not start:\n{self.output()}")

    def output(self):
        return self.log.read_text(errors="replace")[-4000:]

    def check(self):
        if self.process.poll() is not None:
            raise Failure(f"{self.name} ended with status {self.process.returncode}:\n{self.output()}")

    def stop(self):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                pids = machine.family(self.pid)
                for pid in pids if sign == signal.SIGKILL else [self.pid]:
                    _kill(pid, sign)
            try:
                self.process.wait(20 if sign == signal.SIGTERM else 5)
                return
            except subprocess.TimeoutExpired:
                continue


def _prepare(cpu):
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # nothing outlives us, whatever ends us
    os.sched_setaffinity(0, {cpu})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _kill(pid, sign):
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        pass


class Bench:
    """Knows where everything is, and how each proxy is started."""

    def __init__(self, steelyard, bin_dir, folder):
        self.steelyard = pathlib.Path(steelyard).resolve()
        self.bin_dir = pathlib.Path(bin_dir).resolve()
        self.folder = folder
        self.proxy_cpu, self.load_cpu = machine.cpus()
        self.running = []
        self.count = 0
        for name, path in (("the gateway", self.steelyard), ("the load generator", self.load_program()),
                           ("the upstream", self.bin_dir / "steelyard_bench_upstream")):
            if not os.access(path, os.X_OK):
                raise Failure(f"{name} is not built: {path} (`./dev bench` builds it)")
        self.upstream = self._start("upstream", [self.bin_dir / "steelyard_bench_upstream", "--answer-bytes",
                                                 ANSWER_BYTES, "--listen"], self.load_cpu)

    def load_program(self):
        return self.bin_dir / "steelyard_load"

    def forget_logs(self):
        """So that a round's log takes the pages of the one before, as on a machine that has run for a while, and no disk fills."""
        for log in self.folder.glob("*/decisions.jsonl"):
            os.truncate(log, 0)

    def available(self):
        """The proxies of this machine; the gateway first."""
        return ["steelyard"] + [name for name in ("nginx", "haproxy") if _find(name)]

    def _start(self, name, command, cpu):
        port = machine.free_port()
        return self._keep(Program(name, [*command, port], port, self._folder(name), cpu))

    def _folder(self, name):
        self.count += 1
        folder = self.folder / f"{name}.{self.count}"
        folder.mkdir()
        return folder

    def _keep(self, program):
        self.running.append(program)
        return program

    def start(self, name, prefix=(), single_process=False, words=None, more=(), ca_file=None):
        """One of available(), fresh. `prefix`: words before the command, such as valgrind's. For steelyard also: other `words`
        of its configuration, `more` lines of it, and whose certificates its providers have."""
        replaced = words
        folder, port = self._folder(name), machine.free_port()
        words = {"UPSTREAM": self.upstream.port, "LISTEN": port, "ROOT": ROOT, "STATE": folder,
                 "MASTER": "off" if single_process else "on", "FILES": resource.getrlimit(resource.RLIMIT_NOFILE)[1]}
        if name == "steelyard":
            words["PROVIDER_MORE"] = f', ca_file: "{ca_file}"' if ca_file else ""
            words["UPSTREAM_URL"] = f"http://127.0.0.1:{self.upstream.port}/v1"
            words.update(replaced or {})
            config = _filled("steelyard.yaml", folder, words)
            with open(config, "a", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in more)
            command = [self.steelyard, "serve", "--config", config, "--listen", f"127.0.0.1:{port}", "--admin",
                       f"127.0.0.1:{machine.free_port()}", "--workers", "1"]
        elif name == "nginx":
            _filled("nginx.conf", folder, words)
            user = ["-g", "user root;"] if os.geteuid() == 0 else []
            command = [_find("nginx"), "-p", f"{folder}/", "-e", "nginx.err", "-c", "nginx.conf", *user]
        else:
            command = [_find("haproxy"), "-db", "-f", _filled("haproxy.cfg", folder, words)]
        return self._keep(Program(name, command, port, folder, self.proxy_cpu, prefix))

    def start_haproxy(self, name, config, port):
        """HAProxy with a configuration of its own, on the side of the load."""
        folder = self._folder(name)
        (folder / "haproxy.cfg").write_text(config)
        return self._keep(Program(name, [_find("haproxy"), "-db", "-f", folder / "haproxy.cfg"], port, folder, self.load_cpu))

    def stop(self, program):
        program.stop()
        self.running.remove(program)

    def stop_all(self):
        while self.running:
            self.running.pop().stop()


ANSWER_BYTES = 1100


def _find(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def _filled(name, folder, words):
    text = (CONFIG / name).read_text()
    lines = [line if line.lstrip().startswith("#") else _replaced(line, words) for line in text.splitlines()]
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def _replaced(line, words):
    for word in sorted(words, key=len, reverse=True):
        line = line.replace(word, str(words[word]))
    return line
