#!/usr/bin/env python3
"""The official OpenAI SDK for Python, unmodified: only base URL and key are ours."""
import os
import pathlib
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
VERSION = "3.54.0"
FOLDER = pathlib.Path(os.environ.get("STEELYARD_BUILD", ROOT / "build")) / f"clients/openai-python-{VERSION}"


def inside_venv():
    """Re-runs this file with the SDK installed; the environment is kept in the build folder."""
    python = FOLDER / "bin/python"
    if not (FOLDER / "ready").exists():
        venv.create(FOLDER, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"openai=={VERSION}"],
                       check=True)
        (FOLDER / "ready").touch()
    os.execve(python, [str(python), __file__, *sys.argv[1:]], dict(os.environ, STEELYARD_SDK="1"))


if not os.environ.get("STEELYARD_SDK"):
    inside_venv()

import openai  # noqa: E402
from gateway import CATALOG, KEY, Cases, Mock, running, speaking, start  # noqa: E402


def ready(**parts):
    mock = Mock("cheap,1,2", "dear,10,20")
    gateway = start({"one": (mock.port, ["*"])}, budgets=parts.pop("budgets", "[{ limit: $10, per: month }]"), **parts)
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key=KEY)
    return mock, gateway, client


ASK = [{"role": "user", "content": "hello"}]


def test_chat():
    mock, gateway, client = ready()
    with running(mock, gateway):
        answer = client.chat.completions.create(model="auto", messages=ASK)
        assert answer.model == "cheap" and answer.choices[0].message.content
        assert answer.usage.completion_tokens > 0 and answer.choices[0].finish_reason == "stop"
        raw = client.chat.completions.with_raw_response.create(model="tier:standard", messages=ASK)
        assert raw.headers["x-steelyard-model"] == "cheap" and raw.headers["x-steelyard-request-id"]


def test_stream():
    mock, gateway, client = ready()
    with running(mock, gateway):
        chunks = list(client.chat.completions.create(model="auto", messages=ASK, stream=True, max_tokens=7))
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert len(text.split()) == 7 and chunks[-1].choices[0].finish_reason == "length"
        assert all(c.usage is None for c in chunks)
        chunks = list(client.chat.completions.create(model="auto", messages=ASK, stream=True,
                                                     stream_options={"include_usage": True}))
        assert chunks[-1].usage.total_tokens > 0 and chunks[-1].choices == []


def test_async_clients_share_the_gateway():
    import asyncio
    mock, gateway, _ = ready()

    async def ask_many():
        client = openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key=KEY)

        async def one(stream):
            if not stream:
                return (await client.chat.completions.create(model="auto", messages=ASK)).model
            return [c async for c in await client.chat.completions.create(model="auto", messages=ASK, stream=True)][0].model

        return await asyncio.gather(*(one(i % 2 == 0) for i in range(40)))

    with running(mock, gateway):
        assert asyncio.run(ask_many()) == ["cheap"] * 40


def test_tools_and_structured_output():
    mock, gateway, client = ready()
    with running(mock, gateway):
        mock.behave(answer="tool_call")
        tools = [{"type": "function", "function": {"name": "weather", "parameters": {
            "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]
        call = client.chat.completions.create(model="auto", messages=ASK, tools=tools).choices[0].message.tool_calls[0]
        assert call.function.name == "weather"
        stream = client.chat.completions.create(model="auto", messages=ASK, tools=tools, stream=True)
        names = [t.function.name for c in stream for ch in c.choices for t in ch.delta.tool_calls or [] if t.function.name]
        assert names == ["weather"], names


def test_errors_have_their_classes():
    mock, gateway, client = ready(budgets="[{ limit: $0.001, per: month }]")
    once = client.with_options(max_retries=2)
    with running(mock, gateway):
        for how, kind in ((dict(model="nope"), openai.NotFoundError), (dict(model="auto", n=0), openai.BadRequestError)):
            try:
                once.chat.completions.create(messages=ASK, **how)
                raise AssertionError("no error")
            except kind as error:
                assert error.message
        try:
            openai.OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key="sk-no").models.list()
            raise AssertionError("no error")
        except openai.AuthenticationError:
            pass
        try:
            once.chat.completions.create(model="auto", messages=ASK)
            raise AssertionError("no error")
        except openai.RateLimitError as error:
            assert error.code == "budget_exceeded", error
        # x-should-retry: false was obeyed: one refusal, not three.
        receipts = gateway.receipts(4)  # the log is written behind the answer: wait for all of them
        assert sum(1 for r in receipts if r["error_class"] == "over_budget") == 1


def test_embeddings():
    catalog = CATALOG + "\n  vectors: { vendor: Test, context: 2048, can: embeddings, prices: [{ input: 5, output: 0, source: test }] }\n"
    for dialect in ("openai", "gemini"):
        mock = Mock("vectors,5,0")
        gateway = speaking(mock, dialect, catalog)
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key=KEY)
        with running(mock, gateway):
            found = [client.embeddings.create(model="vectors", input=["one", "two"], dimensions=3, **how)  # by default base64
                     for how in ({}, {"encoding_format": "float"}, {"encoding_format": "base64"})]
            assert [len(e.embedding) for e in found[0].data] == [3, 3] and found[0].usage.total_tokens > 0, found[0]
            assert [[round(x, 5) for x in e.embedding] for e in found[0].data] == [
                [round(x, 5) for x in e.embedding] for e in found[1].data]
            assert isinstance(found[2].data[0].embedding, str), found[2]
            with client.embeddings.with_streaming_response.create(model="vectors", input="x") as raw:
                assert raw.headers["x-steelyard-model"] == "vectors"


def test_signs_of_life_mean_nothing():
    mock, gateway, client = ready(more="timeouts: { stream_ping: 100ms }")
    with running(mock, gateway):
        mock.behave(output_tokens=4, interval_ms=350)
        raw = client.chat.completions.with_raw_response.create(model="cheap", messages=ASK, stream=True)
        text = raw.http_response.read().decode()
        assert text.count(": keep-alive\n\n") >= 3, text
        found = list(client.chat.completions.create(model="cheap", messages=ASK, stream=True))
        assert found[-1].choices[0].finish_reason == "stop", found


def test_models():
    mock, gateway, client = ready()
    with running(mock, gateway):
        assert {"auto", "cheap", "dear"} <= {m.id for m in client.models.list()}
        assert client.models.retrieve("cheap").id == "cheap"


def test_a_broken_stream_is_an_error_to_the_sdk():
    mock, gateway, client = ready()
    with running(mock, gateway):
        mock.behave(fault="cut", after_chunks=2, output_tokens=9, interval_ms=5)
        try:
            list(client.chat.completions.create(model="cheap", messages=ASK, stream=True))
            raise AssertionError("the SDK saw no error")
        except openai.APIError as error:
            assert "stream" in str(error), error


if __name__ == "__main__":
    Cases(globals()).run()
