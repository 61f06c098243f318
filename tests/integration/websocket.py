#!/usr/bin/env python3
"""OpenAI's Responses over a WebSocket, by a client that sees every frame: turns that name the one before, errors that leave the
connection open, and what is refused at the door."""
import base64
import json
import os
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import KEY, Cases, running  # noqa: E402
from scripted_provider import SAYS, Scripted, scripted_gateway  # noqa: E402

OFFERED = "responses_websocket: true\n"
TOOL = {"type": "function", "name": "run", "parameters": {"type": "object", "properties": {}}, "strict": False}


class WebSocket:
    def __init__(self, gateway, key=KEY, path="/v1/responses"):
        self.peer = socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
        self.file = self.peer.makefile("rb")
        nonce = base64.b64encode(os.urandom(16)).decode()
        authorization = f"authorization: Bearer {key}\r\n" if key else ""
        self.peer.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\n{authorization}connection: Upgrade\r\nupgrade: websocket\r\n"
                          f"user-agent: codex_exec/0.169.0 (x)\r\nthread-id: t1\r\nsec-websocket-version: 13\r\n"
                          f"sec-websocket-key: {nonce}\r\n\r\n".encode())
        self.status = int(self.file.readline().split()[1])
        while self.file.readline() != b"\r\n":
            pass

    def frame(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | opcode]) + (bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
                                         if size < 65536 else bytes([0x80 | 127]) + size.to_bytes(8, "big"))
        self.peer.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))

    def read(self):
        first, second = self.file.read(2)
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
        return first & 0x0F, self.file.read(size)

    def create(self, **fields):
        self.frame(1, json.dumps({"type": "response.create", "model": "cheap", "store": False, **fields}).encode())

    def answer(self):
        """The events up to the last one."""
        events = []
        while True:
            opcode, payload = self.read()
            assert opcode == 1, (opcode, payload)
            events.append(json.loads(payload))
            if events[-1]["type"] in ("response.completed", "response.failed", "response.incomplete", "error"):
                return events

    def close(self):
        self.peer.close()
        self.file.close()


def test_a_tool_loop_whose_turns_send_only_what_is_new():
    for dialect in ("responses", "openai", "anthropic", "gemini"):
        provider = Scripted(dialect, "run", {})
        gateway = scripted_gateway(provider, more=OFFERED)
        with running(provider, gateway):
            client = WebSocket(gateway)
            assert client.status == 101
            client.create(input=[], generate=False)
            [_, warm] = client.answer()
            client.create(input=[{"role": "user", "content": "run it"}], tools=[TOOL], previous_response_id=warm["response"]["id"])
            events = client.answer()
            assert events[0]["type"] == "response.created" and events[-1]["type"] == "response.completed", events
            [call] = [item for item in events[-1]["response"]["output"] if item["type"] == "function_call"]
            client.create(input=[{"type": "function_call_output", "call_id": call["call_id"], "output": "it-ran"}], tools=[TOOL],
                          previous_response_id=events[-1]["response"]["id"])
            last = client.answer()[-1]["response"]
            said = "".join(part["text"] for item in last["output"] if item["type"] == "message" for part in item["content"])
            assert said.startswith(SAYS) and "it-ran" in said, (dialect, said)
            assert len(provider.requests) == 2 and "run it" in json.dumps(provider.requests[1]), provider.requests
            assert "previous_response_id" not in provider.requests[1]
            first, second = gateway.receipts(2)
            assert all(r["http_status"] == 200 and r["stream"] and r["usage_source"] == "provider" for r in (first, second))
            assert second["facts"]["client"] == "codex" and second["session_id"] == "t1" and second["facts"]["tool_loop"], second
            client.close()


def test_an_error_is_a_message_and_the_next_turn_is_served():
    provider = Scripted("openai", "run", {})
    gateway = scripted_gateway(provider, more=OFFERED)
    with running(provider, gateway):
        client = WebSocket(gateway)
        client.create(model="no-such-model", input="x")
        [error] = client.answer()
        assert error["status"] == 400 and error["error"]["code"] == "model_not_found", error
        client.frame(1, b'{"type":"response.steer"}')
        [error] = client.answer()
        assert error["status"] == 400 and "response.create" in error["error"]["message"], error
        client.create(input="x" * 70000)  # a frame with a long length
        assert client.answer()[-1]["type"] == "response.completed"
        client.close()


def test_turns_sent_ahead_are_answered_in_order_and_pings_at_once():
    provider = Scripted("openai", "run", {})
    gateway = scripted_gateway(provider, more=OFFERED)
    with running(provider, gateway):
        client = WebSocket(gateway)
        for i in range(3):
            client.create(input=f"number {i}")
        for _ in range(3):
            assert client.answer()[-1]["type"] == "response.completed"
        assert [f"number {i}" in json.dumps(asked) for i, asked in enumerate(provider.requests)] == [True] * 3
        client.frame(9, b"are you there")
        assert client.read() == (10, b"are you there")
        client.frame(8, b"\x03\xe8")
        assert client.read()[0] == 8
        assert client.file.read() == b""
        client.close()


def test_who_sends_too_much_ahead_is_closed():
    provider = Scripted("openai", "run", {})
    gateway = scripted_gateway(provider, more=OFFERED)
    with running(provider, gateway):
        client = WebSocket(gateway)
        ended = None
        try:
            for _ in range(40):  # 16 may wait
                client.create(input="x" * 1000)
            while ended is None:
                opcode, payload = client.read()
                ended = payload if opcode == 8 else None
        except (ConnectionError, ValueError):  # what it still sent was not read: a reset may overtake the reason
            ended = b""
        assert ended in (b"", (1008).to_bytes(2, "big")), ended
        assert len(provider.requests) <= 17, len(provider.requests)
        client.close()
        client = WebSocket(gateway)
        client.create(input="x")
        assert client.answer()[-1]["type"] == "response.completed"
        client.close()


def test_a_binary_message_closes_with_a_reason():
    provider = Scripted("openai", "run", {})
    gateway = scripted_gateway(provider, more=OFFERED)
    with running(provider, gateway):
        client = WebSocket(gateway)
        client.frame(2, b"\x00")
        assert client.read() == (8, (1003).to_bytes(2, "big"))
        client.close()


def test_who_is_not_let_in():
    provider = Scripted("openai", "run", {})
    offered, closed = scripted_gateway(provider, more=OFFERED), scripted_gateway(provider)
    with running(provider, offered, closed):
        for gateway, key, path, status in ((offered, None, "/v1/responses", 401), (offered, "sk-wrong", "/v1/responses", 401),
                                           (offered, KEY, "/v1/chat/completions", 405), (closed, KEY, "/v1/responses", 426),
                                           (closed, None, "/v1/responses", 426)):
            client = WebSocket(gateway, key, path)
            assert client.status == status, (path, key, client.status)
            client.close()


if __name__ == "__main__":
    Cases(globals()).run()
