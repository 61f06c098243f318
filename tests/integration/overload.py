#!/usr/bin/env python3
"""More than can be done: who is turned away hears it at once and in its own dialect, the others are served as ever."""
import http.client
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import KEY, Cases, Mock, message, running, start, wait_until  # noqa: E402

LIMIT = 10


class Client(threading.Thread):
    """Sends requests over one connection until told to stop; remembers status and time of each."""

    def __init__(self, port, path="/v1/chat/completions", **fields):
        super().__init__(daemon=True)
        self.port, self.path, self.seen, self.stopping = port, path, [], False
        self.body = json.dumps({**message(model="cheap"), "max_tokens": 5, **fields})
        self.fresh = "FRESH" in self.body

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.stopping:
            begun = time.monotonic()
            body = self.body.replace("FRESH", f"{id(self)} {len(self.seen)}") if self.fresh else self.body
            connection.request("POST", self.path, body, {"authorization": "Bearer " + KEY, "content-type": "application/json"})
            answer = connection.getresponse()
            answer.body = answer.read()
            self.seen.append((answer, time.monotonic() - begun))
            if answer.status != 200:
                time.sleep(0.02)
        connection.close()


def run_clients(clients, seconds):
    for client in clients:
        client.start()
    time.sleep(seconds)
    for client in clients:
        client.stopping = True
    for client in clients:
        client.join(30)
        assert not client.is_alive()
    return [one for client in clients for one in client.seen]


def test_what_is_let_in_goes_on_and_the_rest_is_told_at_once():
    mock = Mock("cheap,1,2", latency_ms=50)
    gateway = start({"one": (mock.port, ["*"])}, more=f"overload: {{ in_flight: {LIMIT} }}", workers=1,
                    budgets="[{ limit: $100, per: month }]")
    with running(mock, gateway):
        peak = len(run_clients([Client(gateway.port) for _ in range(LIMIT)], 1.5)) / 1.5
        seen = run_clients([Client(gateway.port) for _ in range(3 * LIMIT)], 1.5)
        served = [took for answer, took in seen if answer.status == 200]
        shed = [(answer, took) for answer, took in seen if answer.status != 200]
        assert len(served) / 1.5 > 0.8 * peak, (len(served), peak)
        assert shed and all(answer.status == 503 for answer, _ in shed)
        times = sorted(took for _, took in shed)
        print(f"      {peak:.0f}/s at the limit, {len(served) / 1.5:.0f}/s beyond it; refused after {times[len(times) // 2] * 1e3:.1f} ms")
        assert times[len(times) // 2] < 0.025, times[len(times) // 2]  # in Python, on a machine that does other things
        refused, _ = shed[0]
        assert refused.getheader("retry-after") == "1" and refused.getheader("connection") is None
        assert json.loads(refused.body)["error"]["code"] == "overloaded", refused.body
        budget = gateway.budgets()["acme"]
        assert budget["held_nano_usd"] == 0
        receipts = gateway.receipts()
        assert sum(r["status"] == "failure" for r in receipts) == len(shed)
        wait_until(lambda: gateway.chat(message(model="cheap"))[0] == 200, 5, "it never recovers")


def test_each_dialect_is_told_in_its_own_words():
    mock = Mock("cheap,1,2", latency_ms=3000)
    gateway = start({"one": (mock.port, ["*"])}, more="overload: { in_flight: 1 }", workers=1)
    with running(mock, gateway):
        waiting = threading.Thread(target=lambda: gateway.chat(message(model="cheap")))
        waiting.start()
        wait_until(mock.requests, 5, "the first is on its way")
        assert gateway.chat(message(model="cheap"))[0] == 503
        gemini = {"contents": [{"parts": [{"text": "hi"}]}]}
        table = [("/v1/messages", message(model="cheap", max_tokens=5), 529, lambda e: e["error"]["type"] == "overloaded_error"),
                 ("/v1/responses", {"model": "cheap", "input": "hi"}, 503, lambda e: e["error"]["code"] == "overloaded"),
                 ("/v1beta/models/cheap:generateContent", gemini, 503, lambda e: e["error"]["status"] == "UNAVAILABLE")]
        for path, body, status, right in table:
            told, headers, data = gateway.chat(body, path=path)
            assert told == status and headers["retry-after"] == "1" and right(json.loads(data)), (path, told, headers, data)
        # A large body is not read: the connection ends instead.
        told, headers, _ = gateway.chat(message("x" * 100_000, model="cheap"))
        assert told == 503 and headers["connection"] == "close", headers
        assert gateway.get("/v1/models")[0] == 200  # costs nothing: never refused
        waiting.join()


def test_a_large_request_lets_small_ones_go_first():
    """Many large bodies that are ready together take turns with what is small."""
    mock = Mock("cheap,1,2")
    gateway = start({"one": (mock.port, ["*"])}, workers=1, more="overload: { queue_delay: 0s }")
    with running(mock, gateway):
        large = "".join(f"word{n} and some text that differs {n * 7919 % 10007} from the rest. " for n in range(5_000))
        clients = [Client(gateway.port, messages=[{"role": "user", "content": f"FRESH {large}"}]) for _ in range(6)]
        small = [Client(gateway.port) for _ in range(2)]
        seen = run_clients(clients + small, 2.0)
        assert all(answer.status == 200 for answer, _ in seen), [answer.status for answer, _ in seen if answer.status != 200]
        assert all(len(client.seen) >= 2 for client in clients), "the large ones starve"
        mean = [sum(took for c in group for _, took in c.seen) / sum(len(c.seen) for c in group) for group in (clients, small)]
        print(f"      large ones take {mean[0] * 1e3:.0f} ms, small ones beside them {mean[1] * 1e3:.1f} ms")
        assert mean[1] < mean[0], mean


if __name__ == "__main__":
    Cases(globals()).run()
