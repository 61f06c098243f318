#!/usr/bin/env python3
"""A thousand streams are open at once in one process, wait, and each comes to its end, whole; what a waiting one holds is little.
Ten thousand: `tests/bench/run --only crowd`."""
import asyncio
import json
import pathlib
import resource
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import KEY, Cases, running, start  # noqa: E402

STREAMS = 1000
HELD_MAX = 8 << 10  # bytes, of any build; the release's figure is in tests/bench
HEADERS = ("x-steelyard-session: session-of-{n}\r\nx-steelyard-task: task-{n}\r\nx-steelyard-tags: tag-{n}\r\n")


def chunk(content, finish=None):
    return b"data: " + json.dumps({"id": "a", "object": "chat.completion.chunk", "model": "cheap", "choices": [
        {"index": 0, "delta": {"content": content}, "finish_reason": finish}]}).encode() + b"\n\n"


USAGE = (b'data: {"id":"a","object":"chat.completion.chunk","model":"cheap","choices":[],'
         b'"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}\n\n')


def resident(pid):
    text = (pathlib.Path("/proc") / str(pid) / "smaps_rollup").read_text()
    return next(int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("Rss:"))


class Provider:
    """Sends one event, waits for the word, sends the rest."""

    def __init__(self):
        self.go_on, self.open, self.asked = asyncio.Event(), 0, []

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                name = body["messages"][0]["content"][:12].strip()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
                self.piece(writer, chunk(name))
                self.open += 1
                await self.go_on.wait()
                for text in ("two", "three"):
                    self.piece(writer, chunk(text))
                    await writer.drain()
                    await asyncio.sleep(0.02)
                self.piece(writer, chunk("", "stop") + USAGE + b"data: [DONE]\n\n")
                writer.write(b"0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    @staticmethod
    def piece(writer, data):
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))


async def client(port, number, text):
    body = json.dumps({"model": "cheap", "stream": True, "messages": [{"role": "user", "content": f"{number:<12}{text}"}],
                       "stream_options": {"include_usage": True}}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write((f"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n"
                  + HEADERS.format(n=number) + f"content-length: {len(body)}\r\n\r\n").encode() + body)
    data = await reader.readuntil(b"0\r\nx-steelyard-cost-usd")
    writer.close()
    return number, data


async def crowd(gateway, provider, text, count, look=None):
    provider.go_on.clear()
    provider.open, tasks = 0, []
    for n in range(count):
        tasks.append(asyncio.create_task(client(gateway.port, n, text)))
        if n % 50 == 49:
            await asyncio.sleep(0.02)
    while provider.open < count:
        await asyncio.sleep(0.02)
    if look is not None:
        await look()
    provider.go_on.set()
    return await asyncio.gather(*tasks)


def check(done):
    for number, data in done:
        for word in (str(number), "two", "three"):
            assert f'"content": "{word}"'.encode() in data, (number, word, data)
        assert data.count(b"data: ") == 6 and b"[DONE]" in data and b'"total_tokens":10' in data, data


def prepared():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return port, start({"one": (port, ["*"])}, workers=1, budgets="[{ limit: $1000, per: month }]")


def run_crowd(text, limit):
    port, gateway = prepared()
    with running(gateway):
        held = {}

        async def look():
            await asyncio.sleep(0.5)
            held["now"] = resident(gateway.process.pid)

        async def both():
            provider = Provider()
            await asyncio.start_server(provider.serve, "127.0.0.1", port, backlog=4096)
            check(await crowd(gateway, provider, text, 20))
            held["before"] = resident(gateway.process.pid)
            return await crowd(gateway, provider, text, STREAMS, look)
        check(asyncio.run(asyncio.wait_for(both(), 60)))
        each = (held["now"] - held["before"]) / STREAMS
        print(f"      a waiting stream holds {each:,.0f} bytes")
        assert each <= limit, each
        receipts = gateway.receipts(STREAMS + 20)
        for receipt in receipts:  # what was put away is what it was
            number = receipt["task_id"].removeprefix("task-")
            assert receipt["session_id"] == f"session-of-{number}" and receipt["request_tags"] == [f"tag-{number}"], receipt
            assert receipt["status"] == "success" and receipt["prompt_tokens"] == 7 and receipt["completion_tokens"] == 3
            assert receipt["spend_nano_usd"] == 7 * 1000 + 3 * 2000 and receipt["finish_reason"] == "stop", receipt
        budget = gateway.budgets()["acme"]
        assert budget["held_nano_usd"] == 0 and budget["posted_nano_usd"] == (STREAMS + 20) * 13_000


def test_a_thousand_streams_wait_in_little_memory_and_lose_nothing():
    run_crowd("hello", HELD_MAX)


def test_a_long_prompt_is_not_kept_while_its_answer_streams():
    # 20,000 bytes each, which nobody keeps; the heap is left with some holes of them.
    run_crowd("word " * 4000, 2 * HELD_MAX)


if __name__ == "__main__":
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    Cases(globals()).run()
