"""A prompt of 400 KB: what the gateway itself does with it, as its own receipts say, when the text is new and when it comes again.
And the price of translating a stream."""
import json
import pathlib
import random
import statistics

import instructions

LARGE_BYTES = 400_000
COUNT = 40


def large(bench, load_module, load):
    """Medians in microseconds of parse + count + decide: {fresh_us, resent_us, tokens}."""
    proxy = bench.start("steelyard")
    try:
        # Parts of a text are remembered, so each new one shares no part with those before.
        words = _words()
        for number in range(COUNT):
            _send(bench, load_module, load, proxy.port, "fresh.json", _prose(words, number), 1)
        fresh = _medians(proxy, COUNT)
        _send(bench, load_module, load, proxy.port, "resent.json", _prose(words, COUNT), COUNT)
        resent = _medians(proxy, COUNT - 1)
        return {"fresh_us": fresh[0], "resent_us": resent[0], "tokens": resent[1]}
    finally:
        bench.stop(proxy)


def _send(bench, load_module, load, port, name, text, times):
    body = json.loads((load_module.BODIES / "named.json").read_text())
    body["messages"] = [{"role": "user", "content": text}]
    path = bench.folder / name
    path.write_text(json.dumps(body))
    load.answers(port, path, requests=times)


def _words():
    words = []
    for path in sorted(pathlib.Path(__file__).resolve().parents[3].glob("**/README.md")):
        words += path.read_text(encoding="utf-8", errors="replace").split()
    return words


def _prose(words, seed):
    """Text that does not repeat itself: words of this repository's own documents in a random order."""
    chance = random.Random(seed)
    text, size = [], 0
    while size < LARGE_BYTES:
        text.append(chance.choice(words))
        size += len(text[-1].encode()) + 1
    return " ".join(text)


def _medians(proxy, count):
    lines = (proxy.folder / "decisions.jsonl").read_text().splitlines()[-count:]
    receipts = [json.loads(line) for line in lines]
    own = [sum(r["durations_ns"].get(step, 0) for step in ("parse", "count", "count_early", "decide")) / 1000 for r in receipts]
    return statistics.median(own), statistics.median(r["estimate"]["input_tokens"] for r in receipts)


def translated(bench, load_module, load, say):
    """Instructions per event of a stream: a client of Messages before a provider of Chat, by callgrind."""
    chat = json.loads((load_module.BODIES / "stream.json").read_text().replace("PACE", str(instructions.PACE_US))
                      .replace("FRAMES", "987654"))
    body = {"model": chat["model"], "stream": True, "max_tokens": 987654, "system": chat["messages"][0]["content"],
            "messages": chat["messages"][1:], "metadata": {"user_id": chat.get("user", "")}}
    watched = instructions.Watched(bench, "steelyard", load)
    try:
        threads = watched.translated(json.dumps(body).replace("987654", "FRAMES"))
        found = instructions.figures(threads, instructions.EVENTS)
        say(f"  steelyard  translated stream {found['all']:10,.0f} instructions per event")
        return found
    finally:
        watched.stop()
