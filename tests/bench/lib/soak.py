"""Mixed load for some minutes: what the process holds may not grow."""
import time

import machine
import programs

SAMPLES = 12


def run(bench, load, seconds, say):
    """{first, last, growth, minutes}: resident bytes, the median of the first and the last quarter of the samples after a warm-up.
    Named and `auto`, whole and streamed, large prompts between them, connections that come and go. The journal's segment is not
    counted: it is a file of 16 MB at most that fills and is followed by an empty one, whatever the load was for."""
    proxy = bench.start("steelyard")
    try:
        _mix(load, proxy.port, max(10, seconds / 8))
        samples, each = [], seconds / SAMPLES
        begun = time.monotonic()
        for number in range(SAMPLES):
            _mix(load, proxy.port, each)
            bench.forget_logs()
            samples.append(machine.resident_bytes_but(proxy.pid, ".journal"))
            say(f"  soak {number + 1:2}/{SAMPLES}: {samples[-1] / 1e6:.1f} MB")
        quarter = max(1, SAMPLES // 4)
        first, last = (sorted(part)[len(part) // 2] for part in (samples[:quarter], samples[-quarter:]))
        return {"first": first, "last": last, "growth": last / first - 1, "minutes": (time.monotonic() - begun) / 60}
    finally:
        bench.stop(proxy)


def _mix(load, port, seconds):
    until, turn = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        left = max(0.3, min(1.5, until - time.monotonic()))
        kind = turn % 4
        if kind == 0:
            load.answers(port, "auto.json", seconds=left, connections=32)
        elif kind == 1:
            load.streams(port, 10_000, connections=200, requests=400, frames=20, ramp_ms=50)
        elif kind == 2:
            load.answers(port, "named.json", seconds=left, connections=8, rate=2000)
        else:
            load.streams(port, 0, connections=16, requests=200, frames=50)
        turn += 1
    if turn == 0:
        raise programs.Failure("no time for a soak")
