"""User instructions per request and per stream event, by callgrind: the same on every machine of one kind, busy or not."""
import subprocess

import callgrind
import programs

FEW, MANY = 400, 1400
# Enough streams at once that ticks of timers are shared, as they are in use; and so slow that every one of them comes to
# rest (chat_rest.cpp: after 20 ms) in both runs: one that did in only one of them would cost 400 instructions an event.
STREAMS, PACE_US = 50, 40_000
FRAMES_FEW, FRAMES_MANY = 20, 60
MERGED_MAX, TRIES = 0.05, 4
WARMUP = 300
ALLOCATORS = ("malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign")


class Watched:
    """A proxy under callgrind. take() returns what was executed since the last take(), by thread."""

    def __init__(self, bench, name, load):
        self.bench, self.load, self.dumps = bench, load, 0
        out = bench.folder / f"callgrind.{name}.{bench.count}"
        self.out = out
        self.program = bench.start(name, ("valgrind", "--tool=callgrind", "--separate-threads=yes",
                                          "--fair-sched=yes", f"--callgrind-out-file={out}"), single_process=True)

    def take(self):
        self.program.check()
        done = subprocess.run(["callgrind_control", "-d", str(self.program.pid)], capture_output=True, text=True,
                              check=False)
        self.dumps += 1
        files = sorted(self.out.parent.glob(f"{self.out.name}.{self.dumps}-*"))
        if not files:
            raise programs.Failure(f"callgrind_control wrote nothing: {done.stdout}{done.stderr}")
        threads = []
        for file in files:
            profile = callgrind.Profile()
            profile.read(file)
            threads.append(profile)
            file.unlink()
        return threads

    def stop(self):
        self.bench.stop(self.program)

    def difference(self, few, many):
        """What `many()` executes more than `few()`: connections, start and end of a run cancel out."""
        few()
        first = self.take()
        many()
        second = self.take()
        return [b.minus(a) for a, b in zip(first, second)]

    def requests(self, body):
        """By thread, for MANY - FEW requests over one connection."""
        port = self.program.port
        self.load.answers(port, body, requests=WARMUP)
        self.take()
        return self.difference(lambda: self.load.answers(port, body, requests=FEW),
                               lambda: self.load.answers(port, body, requests=MANY))

    def frames(self):
        """By thread, for the events of STREAMS streams of FRAMES_MANY events less those of FRAMES_FEW. Again when the
        proxy was held up and read several events at once: they would look too cheap."""
        self._streams(10)
        self.take()
        for _ in range(TRIES):
            merged = []
            found = self.difference(lambda: merged.append(self._streams(FRAMES_FEW)),
                                    lambda: merged.append(self._streams(FRAMES_MANY)))
            if max(merged) <= MERGED_MAX:
                return found
        raise programs.Failure(f"under callgrind, {max(merged):.0%} of the stream events did not come alone: busy machine?")

    def translated(self, body):
        """The same for streams in another dialect, whose events are counted and not compared."""
        words = ["--stream", "--any-events", "--path", "/v1/messages"]

        def run(frames):
            made = self.bench.folder / f"translated.{frames}.json"
            made.write_text(body.replace("FRAMES", str(frames)))
            return self.load._run(self.program.port, made, [*words, "--frames", frames, "--connections", STREAMS, "--requests",
                                                            STREAMS, "--ramp-ms", PACE_US / 1000, "--deadline", 60])
        run(10)
        self.take()
        seen = []
        found = self.difference(lambda: seen.append(run(FRAMES_FEW)["any_events"]), lambda: seen.append(run(FRAMES_MANY)["any_events"]))
        if seen[1] - seen[0] < EVENTS:
            raise programs.Failure(f"of a translated stream {seen[1] - seen[0]} events came instead of {EVENTS}")
        return found

    def _streams(self, frames):
        found = self.load.streams(self.program.port, PACE_US, connections=STREAMS, requests=STREAMS, frames=frames,
                                  ramp_ms=PACE_US / 1000, deadline=60)["stream"]
        return found["merged"] / found["events"]


EVENTS = STREAMS * (FRAMES_MANY - FRAMES_FEW)


def summed(threads):
    total = callgrind.Profile()
    for thread in threads:
        total.add(thread)
    return total


def figures(threads, count):
    """Per request: all threads, the busiest thread, allocations."""
    total = summed(threads)
    return {"all": total.total / count, "worker": max(t.total for t in threads) / count,
            "allocations": max(0.0, round(sum(total.calls[name] for name in ALLOCATORS) / count, 2))}


def measure(bench, load, name, say, patient=False):
    """{auto, named, frame: {all, worker, allocations}} of one proxy; a proxy that does not read bodies has one figure.
    `patient`: on a machine too busy for stream events to come one by one, `frame` is left out instead of failing."""
    watched = Watched(bench, name, load)
    try:
        found = {}
        for body in ("auto", "named") if name == "steelyard" else ("auto",):
            found[body] = figures(watched.requests(f"{body}.json"), MANY - FEW)
            say(f"  {name:10} {body:6} {found[body]['all']:10,.0f} instructions per request")
        try:
            found["frame"] = figures(watched.frames(), EVENTS)
        except programs.Failure as failure:
            if not patient:
                raise
            say(f"  {name:10} stream events: {failure}")
            return found
        say(f"  {name:10} stream {found['frame']['all']:10,.0f} instructions per event")
        return found
    finally:
        watched.stop()
