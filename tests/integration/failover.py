#!/usr/bin/env python3
"""Providers fail in every way; the client sees an answer, or one clear error, and the money is right."""
import contextlib
import http.server
import json
import pathlib
import re
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import KEY, Cases, Gateway, Mock, config, events, message, running, start, wait_until  # noqa: E402


def pair(more="", **parts):
    """Two providers: `bad` serves the cheap model, `good` the dear one."""
    bad, good = Mock("cheap,1,2"), Mock("dear,10,20")
    gateway = start({"bad": (bad.port, ["cheap"]), "good": (good.port, ["dear"])},
                    budgets="[{ limit: $100, per: month }]", more=more, **parts)
    return bad, good, gateway


def test_failures_before_the_first_byte_are_invisible():
    table = [
        ({"status": 500}, "500"), ({"status": 503}, "503"), ({"status": 529}, "529"),
        ({"status": 429, "retry_after": 30}, "429"), ({"status": 401}, "401"),
        ({"fault": "close_before_head"}, "closed"), ({"fault": "garbage"}, "garbage"),
        ({"fault": "close_after_head"}, "cut after the head"), ({"fault": "bad_body"}, "half an answer"),
        ({"fault": "error_event"}, "error in a 200"),
    ]
    for stream in (False, True):
        for behaviour, what in table:
            bad, good, gateway = pair()
            with running(bad, good, gateway):
                bad.behave(**behaviour)
                status, headers, data = gateway.chat(message(stream=stream, max_tokens=5))
                if what == "half an answer" and stream:
                    continue  # a stream has no body to be bad
                assert status == 200, (what, stream, data)
                assert headers["x-steelyard-model"] == "dear" and headers["x-steelyard-attempts"] == "2", what
                if stream:
                    assert events(data)[-1] == "[DONE]"
                [receipt] = gateway.receipts(1)
                assert [a["model"] for a in receipt["attempts"]] == ["cheap", "dear"]
                assert receipt["attempts"][0]["error_class"] is not None
                budget = gateway.budgets()["acme"]
                assert budget["held_nano_usd"] == 0 and budget["posted_nano_usd"] == receipt["spend_nano_usd"]
                bill = bad.bill()["total"]["nano_usd"] + good.bill()["total"]["nano_usd"]
                assert budget["posted_nano_usd"] >= bill, (what, budget, bill)


def test_nobody_listens_there():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    good = Mock("dear,10,20")
    gateway = start({"bad": (port, ["cheap"]), "good": (good.port, ["dear"])})
    with running(good, gateway):
        assert gateway.chat(message())[1]["x-steelyard-model"] == "dear"
        status, _, data = gateway.chat(message(model="cheap"))
        assert status == 502 and "could not be reached" in data.decode(), (status, data)


def test_the_providers_own_error_reaches_the_client():
    bad, good, gateway = pair()
    with running(bad, good, gateway):
        bad.behave(status=400)
        status, _, data = gateway.chat(message(model="cheap"))
        assert status == 400 and "error" in json.loads(data), data
        assert good.bill()["total"]["requests"] == 0
        for stream in (False, True):  # an error in a 200
            bad.behave(status=0, fault="error_event", after_chunks=0, error_message="it is on fire for sk-provider-canary")
            status, _, data = gateway.chat(message(model="cheap", stream=stream))
            assert status == 502 and json.loads(data)["error"]["message"].endswith("it is on fire for ***"), (status, data)
        bad.behave(status=401, fault="none", error_message="Incorrect API key: sk-provider-canary.")
        status, _, data = gateway.chat(message(model="cheap"))
        assert status == 502 and json.loads(data)["error"]["message"].endswith("Incorrect API key: ***."), (status, data)
        assert "canary" not in gateway.receipts(4)[-1]["error_str"]


def test_why_nobody_else_was_asked_does_not_hide_how_it_went():
    """What a provider said, or that it said nothing, is told; not why the one after it could not be asked at all."""
    strict = "policies: [{ name: strict, use: { tier: standard, on_loss: reject } }]\n"
    hot = {"status": 503, "error_message": "it is hot in here"}
    late = {"status": 504, "error_message": "it took too long"}
    table = [("unreachable", {}, hot, (503, "hot in here")), ("lossy", {"more": strict}, hot, (503, "hot in here")),
             ("lossy", {"more": strict}, {"fault": "close_before_head"}, (502, "without an answer")),
             ("too dear", {"budgets": "[{ limit: $0.003, per: month }]"}, late, (504, "too long"))]
    for second, parts, behaviour, (wanted, words) in table:
        bad, good = Mock("cheap,1,2"), Mock("dear,10,20")
        text = config({"bad": (bad.port, ["cheap"]), "good": (9 if second == "unreachable" else good.port, ["dear"])}, **parts)
        if second == "lossy":
            text = text.replace("good: { base_url", "good: { dialect: anthropic, base_url").replace(f":{good.port}/v1", f":{good.port}")
        gateway = Gateway(text, environment={"TEST_PROVIDER_KEY": "sk-provider-canary"})
        with running(bad, good, gateway):
            bad.behave(**behaviour)
            for stream in (False, True):
                status, headers, data = gateway.chat(message(stream=stream, max_tokens=1000, seed=7))
                assert status == wanted and words in json.loads(data)["error"]["message"], (second, status, data)
                assert "budget" not in data.decode() and good.requests() == [], (second, data)
                if second == "too dear":
                    break  # nothing is left


def test_a_short_retry_after_is_waited_for_a_long_one_is_not():
    mock = Mock("cheap,1,2")
    gateway = start({"one": (mock.port, ["*"])})
    with running(mock, gateway):
        mock.behave(status=429, retry_after_ms=200, fail_first=1)
        begun = time.monotonic()
        status, headers, data = gateway.chat(message(model="cheap"))
        assert status == 200 and headers["x-steelyard-attempts"] == "2", (status, data)
        assert 0.2 <= time.monotonic() - begun < 2
        mock.behave(status=429, retry_after=60, retry_after_ms=-1, fail_first=0)
        begun = time.monotonic()
        status, headers, _ = gateway.chat(message(model="cheap"))
        assert status == 429 and headers["retry-after"] == "60" and time.monotonic() - begun < 1, headers


def test_what_a_provider_says_of_another_try_reaches_the_client():
    """OpenAI's SDKs heed both lines, and read the exact one first."""
    for word, stream in (("false", False), ("true", True)):
        mock = Mock("cheap,1,2")
        gateway = start({"one": (mock.port, ["*"])})
        with running(mock, gateway):
            mock.behave(status=429, retry_after_ms=60500, headers={"x-should-retry": word})
            status, headers, data = gateway.chat(message(model="cheap", stream=stream))
            assert status == 429, (status, data)
            assert headers["retry-after-ms"] == "60500" and headers["x-should-retry"] == word, headers


def test_a_breaker_keeps_a_broken_model_out_and_lets_it_back():
    bad, good, gateway = pair(more="breaker: { failures: 3, open: 1s }", workers=1)
    # one worker: health is what one worker saw
    with running(bad, good, gateway):
        bad.behave(status=500)
        for _ in range(3):
            assert gateway.chat(message())[1]["x-steelyard-attempts"] == "2"
        seen = bad.bill()["total"].get("errors")
        assert gateway.chat(message())[1]["x-steelyard-attempts"] == "1"
        assert bad.bill()["total"].get("errors") == seen
        bad.behave(status=0)
        wait_until(lambda: gateway.chat(message())[1]["x-steelyard-model"] == "cheap", 5)


def breakers(gateway):
    page = gateway.admin("/metrics")[1].decode()
    return {m[1]: int(m[2]) for m in re.finditer(r"(?m)^steelyard_breaker_state\{(.*)\} (\d)$", page)}


def test_the_metrics_show_a_breaker_open_half_open_and_closed():
    bad, good, gateway = pair(more="breaker: { failures: 3, open: 1s }", workers=2)
    cheap, dear = 'provider="bad",model="cheap"', 'provider="good",model="dear"'
    with running(bad, good, gateway):
        assert breakers(gateway) == {cheap: 0, dear: 0}
        bad.behave(status=500)
        for _ in range(2):
            gateway.chat(message())
        assert breakers(gateway)[cheap] == 0
        wait_until(lambda: gateway.chat(message()) and breakers(gateway)[cheap] == 2)  # one of two workers is enough
        assert breakers(gateway)[dear] == 0
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: b"steelyard_config_reloads_total 1" in gateway.admin("/metrics")[1])
        assert breakers(gateway)[cheap] in (1, 2)  # what was learned goes on
        wait_until(lambda: breakers(gateway)[cheap] == 1, 5)  # nobody asks: it waits for a probe
        bad.behave(status=0)
        wait_until(lambda: gateway.chat(message()) and breakers(gateway) == {cheap: 0, dear: 0}, 5)


def test_a_stream_that_breaks_off_ends_with_an_error_event():
    bad, good, gateway = pair()
    with running(bad, good, gateway):
        for fault in ("cut", "reset", "no_done"):
            bad.behave(fault=fault, after_chunks=3, output_tokens=20, interval_ms=5)
            status, _, data = gateway.chat(message(stream=True))
            assert status == 200
            last = events(data)[-1]
            assert "error" in json.loads(last), (fault, data[-400:])
            assert good.bill()["total"]["requests"] == 0  # no splice of two answers
        for receipt in gateway.receipts(3):
            assert receipt["status"] == "failure" and receipt["error_class"] == "upstream_protocol", receipt
        budget = gateway.budgets()["acme"]
        assert budget["held_nano_usd"] == 0
        assert budget["posted_nano_usd"] >= bad.bill()["total"]["nano_usd"]


def open_stream(gateway, body):
    raw = json.dumps(body).encode()
    connection = socket.create_connection(("127.0.0.1", gateway.port))
    connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer " + KEY.encode()
                       + b"\r\ncontent-length: " + str(len(raw)).encode() + b"\r\n\r\n" + raw)
    return connection


def test_a_client_that_leaves_stops_the_provider_at_once_and_still_pays():
    mock = Mock("cheap,1,2")
    gateway = start({"one": (mock.port, ["*"])}, budgets="[{ limit: $100, per: month }]")
    with running(mock, gateway):
        for stream in (True, False):
            mock.reset()
            mock.behave(output_tokens=2000, interval_ms=10, latency_ms=0 if stream else 5000)
            client = open_stream(gateway, message(model="cheap", stream=stream, max_tokens=2000))
            if stream:
                assert b"200 OK" in client.recv(4096)
            time.sleep(0.3)
            left = time.monotonic()
            client.close()
            wait_until(lambda: gateway.budgets()["acme"]["held_nano_usd"] == 0, 2)
            assert time.monotonic() - left < 1
            wait_until(lambda: aborted(mock), 2, mock.bill())
        first, second = gateway.receipts(2)
        assert first["client_abort"] == "mid_stream" and second["client_abort"] == "before_first_byte"
        assert first["spend_nano_usd"] > 0 and second["spend_nano_usd"] > 0
        billed = gateway.budgets()["acme"]["posted_nano_usd"]
        assert billed == first["spend_nano_usd"] + second["spend_nano_usd"]


def aborted(mock):
    charges = mock.bill().get("charges", [])
    return charges and charges[-1].get("outcome", charges[-1].get("end")) not in (None, "completed")


def test_first_byte_timeout_and_deadline_header():
    mock = Mock("cheap,1,2")
    gateway = start({"one": (mock.port, ["*"])}, more="timeouts: { first_byte: 300ms }")
    with running(mock, gateway):
        mock.behave(fault="hang")
        begun = time.monotonic()
        status, _, data = gateway.chat(message(model="cheap"))
        assert status == 504 and time.monotonic() - begun < 3, (status, data)
        mock.behave(fault="none", latency_ms=5000)
        begun = time.monotonic()
        status, _, data = gateway.chat(message(model="cheap"), headers={"x-steelyard-deadline-ms": "100"})
        assert status == 504 and time.monotonic() - begun < 2, (status, data)


def test_a_kept_alive_connection_the_provider_closed_is_replaced_quietly():
    mock = Mock("cheap,1,2")
    gateway = start({"one": (mock.port, ["*"])})
    with running(mock, gateway):
        mock.behave(close=True)
        for _ in range(20):
            status, headers, _ = gateway.chat(message(model="cheap"))
            assert status == 200 and headers["x-steelyard-attempts"] == "1"


class OneAnswer(http.server.BaseHTTPRequestHandler):
    """A provider with habits: `body` is the answer to everything, `kind` its content type."""
    protocol_version = "HTTP/1.1"
    body, kind = b"", "application/json"

    def do_POST(self):  # noqa: N802: the library's name
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", self.kind)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def provider_that_says(body, kind):
    handler = type("Handler", (OneAnswer,), {"body": body, "kind": kind})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_provider_whose_completion_tokens_leave_reasoning_out():
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 40}}
    answer = {"id": "a", "object": "chat.completion", "model": "cheap", "usage": usage, "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}
    with provider_that_says(json.dumps(answer).encode(), "application/json") as port:
        for quirks, output in ("", 10), ("reasoning_exclusive: true", 50):
            with running(start({"one": (port, ["*"])}, quirks=quirks)) as gateway:
                assert gateway.chat(message(model="cheap", max_tokens=100))[0] == 200
                [receipt] = gateway.receipts(1)
                # a dollar a million in, two out
                assert receipt["spend_nano_usd"] == 100 * 1000 + output * 2000, (quirks, receipt)
                assert receipt["completion_tokens"] == output
                assert receipt["price_source"] == "test"


def test_a_provider_whose_streams_end_without_done():
    chunk = {"id": "a", "object": "chat.completion.chunk", "model": "cheap"}
    parts = [dict(chunk, choices=[{"index": 0, "delta": {"content": "hi"}}]),
             dict(chunk, choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}],
                  usage={"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4})]
    whole = b"".join(b"data: " + json.dumps(part).encode() + b"\n\n" for part in parts)
    cut = whole[:whole.index(b"}}]}") + 6]  # no finish reason: the quirk is no excuse for that
    quirk = "ends_without_done: true"
    for body, quirks, good in (whole, "", False), (whole, quirk, True), (whole[:-2], quirk, True), (cut, quirk, False):
        with provider_that_says(body, "text/event-stream") as port, \
                running(start({"one": (port, ["*"])}, quirks=quirks)) as gateway:
            status, _, data = gateway.chat(message(model="cheap", stream=True))
            [receipt] = gateway.receipts(1)
            if good:  # and the client gets what it waits for
                assert status == 200 and data.startswith(body) and events(data)[-1] == "[DONE]", (quirks, data)
                assert data.endswith(b"\n\n"), data
                assert receipt["status"] == "success" and receipt["spend_nano_usd"] == 3 * 1000 + 2000, receipt
            else:
                assert b'"error"' in data and b"[DONE]" not in data, (status, data)
                assert receipt["status"] == "failure", receipt


if __name__ == "__main__":
    Cases(globals()).run()
