#!/usr/bin/env python3
"""Who does not read holds little memory and pauses the provider; what has no end is refused."""
import json
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from flooding_provider import Flood  # noqa: E402
from gateway import KEY, Cases, running, start, wait_until  # noqa: E402

MB = 1 << 20
HELD_MAX = 128 << 10  # bytes of a client that does not read, in the gateway's memory
CLIENTS = 40


def chunk(content, finish=None):
    return b"data: " + json.dumps({"id": "a", "object": "chat.completion.chunk", "model": "cheap", "choices": [
        {"index": 0, "delta": {"content": content}, "finish_reason": finish}]}).encode() + b"\n\n"


END = chunk("", "stop") + b"data: [DONE]\n\n"


def ask(gateway, path="/v1/chat/completions", receive_buffer=None, **fields):
    """A socket on which a stream was asked for; nothing is read from it yet."""
    body = json.dumps({"model": "cheap", "stream": True, "messages": [{"role": "user", "content": "hi"}], **fields}).encode()
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(60)
    client.connect(("127.0.0.1", gateway.port))
    client.sendall(f"POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n"
                   f"content-length: {len(body)}\r\n\r\n".encode() + body)
    return client


def read_all(client):
    """The payload of a chunked answer to its end, and whether it came to one."""
    data = bytearray()
    while not data.endswith(b"\r\n\r\n") or b"\r\n0\r\n" not in data[-200:]:
        piece = client.recv(1 << 20)
        if not piece:
            break
        data += piece
    head, _, rest = bytes(data).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    payload, at = [], 0
    while at < len(rest):
        end = rest.index(b"\r\n", at)
        size = int(rest[at:end], 16)
        if size == 0:
            return b"".join(payload), True
        payload.append(rest[end + 2:end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(payload), False


def resident(gateway):
    text = (pathlib.Path("/proc") / str(gateway.process.pid) / "smaps_rollup").read_text()
    return next(int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("Rss:"))


def test_a_client_that_does_not_read_pauses_its_provider_and_loses_nothing():
    pieces = 40_000
    text = [chunk(f"{n:07d} " + "x" * 300) for n in range(pieces)]
    provider = Flood(lambda n: text[n] if n < pieces else END if n == pieces else None)
    with running(provider, start({"one": (provider.port, ["*"])}, more="timeouts: { write_stall: 60s }")) as (_, gateway):
        client = ask(gateway, receive_buffer=32 << 10)
        [sent] = provider.settled()
        total = sum(map(len, text)) + len(END)
        # kernel buffers of three sockets, and what the gateway holds
        assert sent < 1.5 * MB < total / 8, (sent, total)
        payload, whole = read_all(client)
        assert whole and payload == b"".join(text) + END, (whole, len(payload), total)
        [receipt] = gateway.receipts(1)
        assert receipt["status"] == "success", receipt


def test_many_that_do_not_read_hold_little_memory():
    text = chunk("x" * 1000) * 8
    provider = Flood(lambda n: text)
    with running(provider, start({"one": (provider.port, ["*"])}, workers=1)) as (_, gateway):
        clients = [ask(gateway, receive_buffer=16 << 10) for _ in range(4)]
        provider.settled()
        before = resident(gateway)
        clients += [ask(gateway, receive_buffer=16 << 10) for _ in range(CLIENTS)]
        wait_until(lambda: len(provider.sent) == CLIENTS + 4, 20)
        sent = provider.settled()
        held = (resident(gateway) - before) / CLIENTS
        print(f"      a client holds {held / 1024:.0f} KiB; its provider could send {max(sent) / 1024:.0f} KiB")
        assert held <= HELD_MAX, held
        assert max(sent) < 1.5 * MB, sent
        for client in clients:
            client.close()
        wait_until(lambda: all(provider.ended), 10, "the providers were not told that the clients left")


def endless(dialect):
    """How a stream begins, and a line of it that has no end."""
    if dialect == "anthropic":
        begin = (b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",'
                 b'"model":"cheap","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n\n'
                 b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
                 b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}\n\n'
                 b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"')
    else:
        begin = chunk("hi") + b'data: {"id":"a","choices":[{"index":0,"delta":{"content":"'
    return begin


def test_a_line_without_end_is_refused_at_its_cap():
    """1 GB is offered; the gateway takes what its cap allows, keeps little of it, and says why it hangs up."""
    table = [  # provider, client, the most that may be taken, and held: what is read as a whole may be a picture of many MB
        ("openai", "/v1/chat/completions", 34 * MB, 8 * MB), ("anthropic", "/v1/messages", 34 * MB, 72 * MB),
        ("openai", "/v1/messages", 34 * MB, 72 * MB), ("anthropic", "/v1/chat/completions", 34 * MB, 72 * MB),
    ]
    block = b"x" * (1 << 16)
    for dialect, path, most, held in table:
        begin = endless(dialect)
        provider = Flood(lambda n, begin=begin: begin if n == 0 else block if n <= 16384 else None)
        providers = {"one": (provider.port, ["*"])}
        with running(provider, start(providers, quirks="", workers=1)) as (_, gateway):
            if dialect != "openai":
                gateway.stop()
                text = (gateway.folder / "gateway.yaml").read_text().replace("one: { base_url", f"one: {{ dialect: {dialect}, base_url")
                gateway.write("gateway.yaml", text)
                gateway.start()
            before = resident(gateway)
            client = ask(gateway, path, max_tokens=100)
            data = bytearray()
            while piece := client.recv(1 << 20):
                data += piece
            wait_until(lambda: provider.ended == [True], 10)
            peak = resident(gateway) - before
            assert provider.sent[0] <= most, (dialect, path, provider.sent)
            assert peak <= held, (dialect, path, peak)
            assert b"too long" in data[-1000:] and b"error" in data[-1000:], (dialect, path, data[-1000:])
            assert b"[DONE]" not in data[-1000:] and b"message_stop" not in data[-1000:]
            [receipt] = gateway.receipts(1)
            assert receipt["status"] == "failure" and "too long" in json.dumps(receipt), receipt


def test_a_line_without_end_is_refused_before_anything_was_sent():
    block = b":" + b"x" * (1 << 16)
    provider = Flood(lambda n: block[:1 << 16] if n == 0 else block[1:] if n <= 16384 else None)
    with running(provider, start({"one": (provider.port, ["*"])}, more="retry: { attempts: 1 }", workers=1)) as (_, gateway):
        client = ask(gateway)
        begun = time.monotonic()
        while client.recv(1 << 20):
            pass
        wait_until(lambda: provider.ended == [True], 10)
        assert max(provider.sent) <= 34 * MB and time.monotonic() - begun < 30, provider.sent
        assert gateway.receipts(1)[0]["status"] == "failure"


if __name__ == "__main__":
    Cases(globals()).run()
