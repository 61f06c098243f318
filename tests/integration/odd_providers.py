#!/usr/bin/env python3
"""Providers whose streams are not as they should be, for clients of every dialect: answered whole, events of megabytes, events that are
no JSON. The client gets all that was said, or is told that it did not."""
import contextlib
import email.utils
import http.client
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from answering import Answering, Provider  # noqa: E402
from gateway import KEY, Cases, events, running  # noqa: E402
from scripted_dialects import OUTPUT, Turn, written  # noqa: E402
from scripted_provider import PATHS, Scripted, scripted_gateway  # noqa: E402

CLIENTS = {
    "openai": ("/v1/chat/completions", {"model": "cheap", "stream": True, "messages": [{"role": "user", "content": "hi"}]}),
    "anthropic": ("/v1/messages", {"model": "cheap", "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}),
    "responses": ("/v1/responses", {"model": "cheap", "stream": True, "input": "hi"}),
    "gemini": ("/v1beta/models/cheap:streamGenerateContent?alt=sse", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
}
END = {"openai": b"data: [DONE]", "anthropic": b'"message_stop"', "responses": b'"response.completed"', "gemini": b'"finishReason"'}
ERROR = {"openai": b'data: {"error"', "anthropic": b"event: error", "responses": b"response.failed", "gemini": b'{"error"'}


class Odd(Provider):
    """Says `text`, as `answer` makes it of (dialect, request, turn)."""

    def __init__(self, dialect, text, answer):
        self.dialect = dialect

        class Handler(Answering):
            def do_POST(self):
                _, body = self.asked()
                assert self.path.startswith(PATHS[dialect]), self.path
                kind, data = answer(dialect, json.loads(body), Turn(text))
                self.whole(200, data, {"content-type": kind})

        self.serve(Handler)


def each_pair(text, answer):
    for dialect in CLIENTS:
        provider = Odd(dialect, text, answer)
        gateway = scripted_gateway(provider)
        with running(provider, gateway):
            for client, (path, body) in CLIENTS.items():
                status, headers, data = gateway.chat(body, path=path)
                yield f"{dialect} to {client}", client, gateway, status, headers, data


def words(data):
    """All texts of a stream, in whatever dialect: those of its pieces."""
    said = ""
    for line in data.decode().split("\n"):
        if line.startswith("data: {"):
            event = json.loads(line[6:])
            delta = event.get("delta")
            if isinstance(delta, str):
                said += delta
            elif isinstance(delta, dict):
                said += delta.get("text", "")
            for choice in event.get("choices", []):
                said += choice["delta"].get("content") or ""
            for candidate in event.get("candidates", []):
                said += "".join(part.get("text", "") for part in candidate["content"].get("parts", []))
    return said


def test_a_stream_that_is_answered_whole():
    """The SDKs would find no event in it, and say that the model said nothing."""
    asked = 0
    for what, client, gateway, status, headers, data in each_pair("all of it", lambda d, asked, turn: written(d, asked, turn, 1, False)):
        assert status == 200 and headers["content-type"].startswith("text/event-stream"), (what, status, headers, data)
        assert words(data) == "all of it" and END[client] in data, (what, data)
        asked += 1
        last = gateway.receipts((asked - 1) % len(CLIENTS) + 1)[-1]
        assert last["status"] == "success" and last["completion_tokens"] == OUTPUT, (what, last)


def test_an_event_of_megabytes():
    """Gemini's pictures come in one; Responses repeats in the last event all that was said."""
    text = "word " * 500_000
    for what, client, gateway, status, _, data in each_pair(text, lambda d, asked, turn: written(d, asked, turn, 1, True)):
        assert status == 200 and words(data) == text, (what, status, len(data), data[-300:])
        assert END[client] in data and ERROR[client] not in data, (what, data[-300:])


def test_an_event_that_is_no_json():
    """What would be missing in a translation is an error; where nothing is translated, the bytes are the client's to judge."""
    def spoilt(dialect, asked, turn):
        kind, data = written(dialect, asked, turn, 1, True)
        return kind, b'data: {"x":"\xff\xfe"}\n\n' + data

    for what, client, gateway, status, _, data in each_pair("all of it", spoilt):
        dialect = what.split(" to ")[0]
        if dialect == client:
            assert status == 200 and b"\xff\xfe" in data and ERROR[client] not in data, (what, data)
        else:
            told = ERROR[client] in data or b'"error"' in data and status >= 500
            assert told and b"\xff\xfe" not in data and b"not valid JSON" in data, (what, status, data)


def texts_in(value):
    """Every text in a document, and in those texts that are documents."""
    if isinstance(value, str):
        yield value
        if value.startswith("{"):
            with contextlib.suppress(ValueError):
                yield from texts_in(json.loads(value))
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts_in(inner)


def pieces_of(value, names):
    """The texts of these members, in their order."""
    if isinstance(value, list):
        return "".join(pieces_of(inner, names) for inner in value)
    if not isinstance(value, dict):
        return ""
    return "".join(inner if name in names and isinstance(inner, str) else pieces_of(inner, names) for name, inner in value.items())


def test_half_a_surrogate_pair():
    """Models write them, and clients' parsers take them: whole or streamed, translated or not, they come through, in words and in what a
    tool is called with."""
    half, looks = "half \ud83d of it", "a \ude00 b"
    for dialect in CLIENTS:
        provider = Scripted(dialect, scenario=lambda *_: Turn(half, [("look", {"at": looks})]))
        gateway = scripted_gateway(provider)
        with running(provider, gateway):
            for client, (path, body) in CLIENTS.items():
                for stream in (True, False):
                    body = {**body, "stream": stream} if "stream" in body else body
                    path = path if stream else path.replace("streamGenerateContent?alt=sse", "generateContent")
                    status, headers, data = gateway.chat(body, path=path)
                    what = f"{dialect} to {client}, stream {stream}"
                    assert status == 200 and ERROR[client] not in data and b"_raw" not in data, (what, status, data)
                    assert "x-steelyard-dropped-fields" not in headers, (what, headers)
                    told = [json.loads(line) for line in events(data) if line != "[DONE]"] if stream else json.loads(data)
                    said = [*texts_in(told), words(data) if stream else "", *texts_in(pieces_of(told, ("arguments", "partial_json")))]
                    assert half in said and looks in said, (what, data)


class Shapeless(Provider):
    """Answers with bytes that are no HTTP, and keeps the connection open."""

    def __init__(self, data):
        self.dialect = "openai"

        class Handler(Answering):
            def do_POST(self):
                self.asked()
                self.wfile.write(data)
                self.wfile.flush()

        self.serve(Handler)


def test_a_head_that_is_none_is_an_error_at_once():
    """And not when the provider's time for its first byte is over."""
    for data in (b"garbage\r\n\r\n", b"HTTP/2 200 OK\r\n\r\n", b"SSH-2.0-OpenSSH_9\r\n\r\n", b"x" * 100_000,
                 b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 20):
        provider = Shapeless(data)
        gateway = scripted_gateway(provider, more="timeouts: { first_byte: 1m }\n")
        with running(provider, gateway):
            begun = time.monotonic()
            status, _, told = gateway.chat({**CLIENTS["openai"][1], "stream": False})
            assert status == 502 and time.monotonic() - begun < 10, (data[:40], status, told)


def test_when_to_come_again_is_told_in_seconds_whatever_the_provider_says():
    """SDKs read whole seconds; some providers send a fraction or a date (RFC 9110, 10.2.3)."""
    for said, least, most in (("7", 7, 7), ("1.2", 2, 2), (email.utils.formatdate(time.time() + 30, usegmt=True), 20, 31), ("soon", None, None)):
        class Busy(Provider):
            def __init__(self, hint=said):
                class Handler(Answering):
                    def do_POST(self):
                        self.asked()
                        self.whole(429, {"error": {"message": "slow down", "type": "rate_limit_error"}}, {"retry-after": hint})
                self.dialect = "openai"
                self.serve(Handler)

        provider = Busy()
        gateway = scripted_gateway(provider)
        with running(provider, gateway):
            path, body = CLIENTS["openai"]
            status, headers, data = gateway.chat(body, path=path)
            told = headers.get("retry-after")
            assert status == 429 and json.loads(data)["error"]["message"] == "slow down", (said, status, data)
            assert told is None if least is None else least <= int(told) <= most, (said, headers)


def test_an_answer_that_is_neither_an_answer_nor_an_error():
    for dialect in CLIENTS:
        provider = Odd(dialect, "", lambda *_: ("application/json", b'{"id":"x"}'))
        gateway = scripted_gateway(provider)
        with running(provider, gateway):
            status, _, data = gateway.chat({**CLIENTS["openai"][1], "stream": False})
            assert status == 502 and "provider `one` " in json.loads(data)["error"]["message"], (dialect, status, data)


def test_a_method_that_is_not_taken_is_told_with_those_that_are():
    provider = Odd("openai", "x", lambda *_: ("application/json", b"{}"))
    gateway = scripted_gateway(provider)
    with running(provider, gateway):
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
        connection.request("PUT", "/v1/chat/completions", "{}", {"authorization": "Bearer " + KEY})
        answer = connection.getresponse()
        assert answer.status == 405 and answer.getheader("allow") == "POST", (answer.status, answer.getheaders())
        connection.close()


if __name__ == "__main__":
    Cases(globals()).run()
