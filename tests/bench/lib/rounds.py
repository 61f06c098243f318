"""Interleaved rounds: every proxy in every round, in a new order, beside the others. What the clock and the scheduler
say on a busy machine is worth something only as a ratio within one round."""
import random

import machine
import programs

CONNECTIONS = 16
STREAMS, PACE_US = 200, 20_000
STEAL_MAX, FOREIGN_MAX = 0.02, 0.10


class Rounds:
    def __init__(self, bench, load, seconds, seed, say):
        self.bench, self.load, self.seconds, self.say = bench, load, seconds, say
        self.chance = random.Random(seed)
        self.proxies = {name: bench.start(name) for name in bench.available()}
        self.rate = 0
        self.kept, self.noisy = [], []

    def run(self, count):
        """Until `count` rounds were quiet; noisy ones are repeated, at most as many again."""
        self._warm_up()
        while len(self.kept) < count and len(self.kept) + len(self.noisy) < 2 * count:
            pids = [proxy.pid for proxy in self.proxies.values()] + [self.bench.upstream.pid]
            self.bench.forget_logs()
            interference = machine.Interference(pids)
            found = self._round()
            steal, foreign = interference.shares()
            found["steal"], found["foreign"] = steal, foreign
            quiet = steal <= STEAL_MAX and foreign <= FOREIGN_MAX
            (self.kept if quiet else self.noisy).append(found)
            self.say(_line(len(self.kept) + len(self.noisy), found, quiet))
        missing = count - len(self.kept)
        if missing > 0:
            self.noisy.sort(key=lambda one: one["steal"] + one["foreign"])
        used = self.kept + self.noisy[:missing]
        for proxy in self.proxies.values():
            self.bench.stop(proxy)
        return {"rounds": used, "noisy": max(0, missing), "discarded": len(self.noisy) - max(0, missing),
                "rate": self.rate}

    def _warm_up(self):
        """Also finds what half load is: half of what the slowest proxy carries."""
        machine.touch_memory()
        rates = []
        for proxy in self.proxies.values():
            self.load.answers(proxy.port, requests=2000, connections=CONNECTIONS)
            rates.append(self.load.answers(proxy.port, seconds=1, connections=64)["per_second"])
        self.rate = max(100, round(min(rates) / 2, -2))

    def _shuffled(self, extra=()):
        names = [*self.proxies, *extra]
        self.chance.shuffle(names)
        return names

    def _round(self):
        return {"request_cpu_us": self._each(self._request_cost), "frame_cpu_us": self._frame_costs(),
                "p50_us": self._latencies(), "p99_us": self._each(self._tail)}

    def _each(self, measure):
        return {name: measure(self.proxies[name]) for name in self._shuffled()}

    def _request_cost(self, proxy):
        before = machine.cpu_ns(proxy.pid)
        found = self.load.answers(proxy.port, seconds=self.seconds, connections=CONNECTIONS)
        return (machine.cpu_ns(proxy.pid) - before) / 1000 / found["completed"]

    def _frame_costs(self):
        frames = int(self.seconds * 1e6 / PACE_US)
        costs = {}
        for name in self._shuffled():
            proxy = self.proxies[name]
            before = machine.cpu_ns(proxy.pid)
            found = self.load.streams(proxy.port, PACE_US, connections=STREAMS, requests=STREAMS, frames=frames,
                                      ramp_ms=PACE_US / 1000, held_back_ms=100)
            stream = found["stream"]
            costs[name] = {"cpu_us": (machine.cpu_ns(proxy.pid) - before) / 1000 / stream["events"],
                           "merged": stream["merged"] / stream["events"],
                           "held_back": stream["held_back"], "age_p50_us": stream["age"]["p50_us"],
                           "age_p99_us": stream["age"]["p99_us"], "first_p50_us": stream["first_content"]["p50_us"]}
        return costs

    def _latencies(self):
        """One connection, everything on one CPU: no wake-up of a sleeping CPU is in the figure."""
        for proxy in self.proxies.values():
            machine.pin(proxy.pid, self.bench.load_cpu)
        found = {}
        for name in self._shuffled(["direct"]):
            port = self.bench.upstream.port if name == "direct" else self.proxies[name].port
            found[name] = self.load.answers(port, requests=int(4000 * self.seconds), warmup=200)["latency"]["p50_us"]
        for proxy in self.proxies.values():
            machine.pin(proxy.pid, self.bench.proxy_cpu)
        return found

    def _tail(self, proxy):
        found = self.load.answers(proxy.port, rate=self.rate, seconds=self.seconds, connections=64,
                                  seed=self.chance.randrange(1, 2**31))
        return found["latency"]["p99_us"]


def _line(number, found, quiet):
    costs = "  ".join(f"{name} {cost:.1f}" for name, cost in sorted(found["request_cpu_us"].items()))
    state = "" if quiet else "  NOISY"
    return (f"  round {number:2}: CPU-us per request {costs}  (steal {found['steal']:.1%}, "
            f"others {found['foreign']:.0%}){state}")
