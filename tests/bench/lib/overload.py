"""More than can be done: who is turned away hears it at once, and the others are served as if nothing were. And small requests
beside large ones."""
import json

IN_FLIGHT, DELAY_US = 100, 50_000  # what the providers of this run can do: 2,000 requests a second
TIMES = 3
LARGE_BYTES = 400_000


def _edited(load, bench, name, edit):
    """A body made from bodies/named.json."""
    body = json.loads((load.BODIES / "named.json").read_text())
    edit(body)
    path = bench.folder / name
    path.write_text(json.dumps(body))
    return path


def shedding(bench, load_module, load):
    """{peak, goodput, shed, shed_p50_us, shed_p99_us, admitted_p99_us}. Peak: as many clients as may be under way, each with
    its next request when the last is answered."""
    body = _edited(load_module, bench, "delayed.json", lambda b: b.update(user=f"delay={DELAY_US}"))
    proxy = bench.start("steelyard", more=[f"overload: {{ in_flight: {IN_FLIGHT} }}"])
    try:
        load.answers(proxy.port, body, requests=500, connections=IN_FLIGHT)
        peak = load.answers(proxy.port, body, seconds=3, connections=IN_FLIGHT)["per_second"]
        found = load.answers(proxy.port, body, "--sheds", seconds=4, connections=600, rate=TIMES * peak)
        return {"peak": peak, "goodput": found["completed"] / 4, "shed": found["shed"] / 4,
                "shed_p50_us": found["shed_latency"]["p50_us"], "shed_p99_us": found["shed_latency"]["p99_us"],
                "admitted_p99_us": found["latency"]["p99_us"]}
    finally:
        bench.stop(proxy)


def beside_large(bench, load_module, load):
    """p50 and p99 of small requests alone, and beside eight clients that send 400 KB prompts without a pause."""
    text = "The steelyard weighs a heavy load against a small sliding weight, number SERIAL00. "

    def grow(body):
        body["messages"] = [{"role": "user", "content": "SERIAL00 " + text * (LARGE_BYTES // len(text))}]
    large = _edited(load_module, bench, "large.json", grow)
    proxy = bench.start("steelyard")
    try:
        load.answers(proxy.port, requests=500, connections=16)
        alone = load.answers(proxy.port, seconds=2, rate=1000, connections=32)["latency"]
        running = load.start(proxy.port, large, ["--answer-bytes", "1100", "--connections", "8", "--seconds", "4"])
        beside = load.answers(proxy.port, seconds=2, rate=1000, connections=32)["latency"]
        large_found = load.finish(running)
        return {"alone_p50_us": alone["p50_us"], "alone_p99_us": alone["p99_us"], "beside_p50_us": beside["p50_us"],
                "beside_p99_us": beside["p99_us"], "large_per_second": large_found["per_second"]}
    finally:
        bench.stop(proxy)
