#!/usr/bin/env python3
"""A budget that reaches a threshold is told to a webhook: once, signed, repeated until it is taken."""
import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import Cases, Mock, message, running, start, wait_until  # noqa: E402

SECRET = base64.b64encode(b"a key that nobody knows").decode()


class Receiver:
    """Takes what it is told, after refusing as often as it was asked to."""

    def __init__(self, refusals=0):
        self.seen, self.refusals = [], refusals
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                taken = len(outer.seen) >= outer.refusals
                outer.seen.append((dict(self.headers.items()), body, taken))
                self.send_response(204 if taken else 503)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def told(receiver, path="budgets"):
    """A gateway whose team may spend $1 a month; every request costs ten cents."""
    catalog = """
models:
  ten-cents:
    vendor: Test
    context: 128000
    output_max: 100
    can: [tools]
    score: { value: 60, source: test, as_of: 2026-11-01 }
    prices: [{ input: 0, output: 1000, source: test }]
"""
    mock = Mock("ten-cents,0,1000")
    mock.behave(output_tokens=100)
    files = {"secret.txt": "whsec_" + SECRET}
    gateway = start({"one": (mock.port, ["*"])}, catalog, files=files,
                    team_budgets="[{ limit: $1, per: month, at: { 20%: warn, 40%: { max_tier: standard }, 100%: block } }]",
                    more=f'alerts: {{ webhook: "http://127.0.0.1:{receiver.port}/{path}", secret: "${{file:secret.txt}}" }}')
    return mock, gateway


def check_signature(headers, body):
    lower = {name.lower(): value for name, value in headers.items()}
    assert abs(int(lower["webhook-timestamp"]) - time.time()) < 30
    signed = f'{lower["webhook-id"]}.{lower["webhook-timestamp"]}.'.encode() + body
    digest = hmac.new(base64.b64decode(SECRET), signed, hashlib.sha256).digest()
    assert lower["webhook-signature"] == "v1," + base64.b64encode(digest).decode(), lower
    assert lower["content-type"] == "application/cloudevents+json"
    return lower["webhook-id"]


def test_each_threshold_is_told_once_and_signed_also_over_a_restart():
    receiver = Receiver()
    mock, gateway = told(receiver)
    with running(receiver, mock, gateway):
        for _ in range(3):
            assert gateway.chat(message(max_tokens=100))[0] == 200
        wait_until(lambda: len(receiver.seen) == 1)
        gateway.stop()
        gateway.start()
        for _ in range(9):
            gateway.chat(message(max_tokens=100))
        wait_until(lambda: len(receiver.seen) == 3)
        time.sleep(1.5)  # a fourth would come with the next look
        assert len(receiver.seen) == 3, receiver.seen
        events = [json.loads(body) for _, body, _ in receiver.seen]
        assert [(e["data"]["percent"], e["data"]["action"]) for e in events] == [
            (20, "warn"), (40, "max_tier"), (100, "block")], events
        for (headers, body, _), event in zip(receiver.seen, events):
            assert check_signature(headers, body) == event["id"]
            assert event["specversion"] == "1.0" and event["subject"] == "acme/search"
            assert event["data"]["limit_nano_usd"] == 1_000_000_000
        assert events[0]["data"]["posted_nano_usd"] in (200_000_000, 300_000_000)


def test_what_is_refused_is_told_again():
    receiver = Receiver(refusals=2)
    mock, gateway = told(receiver)
    with running(receiver, mock, gateway):
        for _ in range(2):
            assert gateway.chat(message(max_tokens=100))[0] == 200
        wait_until(lambda: any(taken for _, _, taken in receiver.seen), seconds=15)
        assert len(receiver.seen) == 3
        ids = {check_signature(headers, body) for headers, body, _ in receiver.seen}
        assert len(ids) == 1 and len({body for _, body, _ in receiver.seen}) == 1  # who counts ids counts one


def test_nobody_there_does_not_hold_up_requests_or_the_end():
    receiver = Receiver()
    mock, gateway = told(receiver)
    receiver.stop()
    with running(mock, gateway):
        begun = time.monotonic()
        for _ in range(5):
            assert gateway.chat(message(max_tokens=100))[0] == 200
        time.sleep(1.2)
        assert gateway.stop() == 0
        assert time.monotonic() - begun < 8
        assert "was not taken" in (gateway.folder / "errors.txt").read_text()


if __name__ == "__main__":
    Cases(globals()).run()
