"""Measurements that need no rounds: system calls, and memory of idle streams."""
import collections
import json
import re
import shutil
import signal
import subprocess
import time

import machine
import programs

CALLS, STREAMS, WARM = 1000, 1000, 20
CALL = re.compile(r"^(?:\d+ +)?(\w+)\((\d+)?(?:<([^>]*)>)?")


def system_calls(bench, load, name):
    """{socket, poll, file, other, by_name} per request at 16 connections, or None when strace may not."""
    if not shutil.which("strace"):
        return None
    proxy = bench.start(name)
    trace = bench.folder / f"strace.{name}"
    try:
        load.answers(proxy.port, requests=500, connections=16)
        tracer = subprocess.Popen(["strace", "-f", "-y", "-o", str(trace), *_targets(proxy.pid)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        if tracer.poll() is not None:
            return None
        before = _counted(trace)
        load.answers(proxy.port, requests=CALLS, connections=16)
        time.sleep(0.2)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(20)
        return _per_request(_counted(trace) - before)
    finally:
        bench.stop(proxy)


def _targets(pid):
    return [word for each in machine.family(pid) for word in ("-p", str(each))]


def _counted(trace):
    found = collections.Counter()
    for line in trace.read_text(errors="replace").splitlines():
        call = CALL.match(line)
        if call:
            name = call[1] + (" in vain" if "= -1 EAGAIN" in line else "")
            found[(name, _kind(call[1], call[3] or ""))] += 1
    return found


def _kind(name, descriptor):
    if name.startswith("epoll_") and name != "epoll_ctl" or name in ("poll", "select", "ppoll"):
        return "poll"
    if descriptor.startswith(("socket:", "TCP:", "TCPv6:")):
        return "socket"
    return "file" if descriptor.startswith("/") else "other"


def _per_request(found):
    kinds, names = collections.Counter(), collections.Counter()
    for (name, kind), count in found.items():
        kinds[kind] += count / CALLS
        names[f"{name} ({kind})"] += count / CALLS
    return {**{kind: round(kinds[kind], 3) for kind in ("socket", "poll", "file", "other")},
            "by_name": {name: round(count, 3) for name, count in names.most_common() if count >= 0.01}}


def stream_memory(bench, load, name):
    """Resident bytes that each of STREAMS open streams adds to a fresh process, one event a second each."""
    proxy = bench.start(name)
    try:
        load.answers(proxy.port, requests=50)
        # What the first streams cost once (code, tables) is not what each costs.
        load.streams(proxy.port, 200_000, connections=WARM, requests=WARM, frames=3, ramp_ms=100)
        before = machine.resident_bytes(proxy.pid)
        body, words = load.stream_words(1_000_000, connections=STREAMS, requests=STREAMS, frames=3, ramp_ms=1000)
        running = load.start(proxy.port, body, words)
        time.sleep(3)
        open_bytes = machine.resident_bytes(proxy.pid)
        found = load.finish(running)
        if found["completed"] != STREAMS:
            raise programs.Failure(f"{name}: {found['completed']} of {STREAMS} streams came to their end")
        return {"idle_process": before, "per_stream": (open_bytes - before) / STREAMS}
    finally:
        bench.stop(proxy)


def micro(bench):
    """Nanoseconds of CPU of single steps, {name: ns}; None without Google Benchmark."""
    program = bench.bin_dir / "steelyard_bench_micro"
    if not program.exists():
        return None
    done = subprocess.run([program, "--benchmark_format=json", "--benchmark_min_time=0.3"], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise programs.Failure(f"steelyard_bench_micro: {done.stderr[-500:]}")
    found = {one["name"]: one["cpu_time"] for one in json.loads(done.stdout)["benchmarks"] if "error_occurred" not in one}
    return {**found, "decide_auto_20": found["decide_auto_20/1000"]}
