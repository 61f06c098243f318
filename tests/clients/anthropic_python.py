#!/usr/bin/env python3
"""The official Anthropic SDK for Python, unmodified: only base URL and key are ours. Behind the gateway once a provider
of its own dialect, once one that speaks OpenAI Chat."""
import os
import pathlib
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
VERSION = "2.12.0"
FOLDER = pathlib.Path(os.environ.get("STEELYARD_BUILD", ROOT / "build")) / f"clients/anthropic-python-{VERSION}"


def inside_venv():
    """Re-runs this file with the SDK installed; the environment is kept in the build folder."""
    python = FOLDER / "bin/python"
    if not (FOLDER / "ready").exists():
        venv.create(FOLDER, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"anthropic=={VERSION}"],
                       check=True)
        (FOLDER / "ready").touch()
    os.execve(python, [str(python), __file__, *sys.argv[1:]], dict(os.environ, STEELYARD_SDK="1"))


if not os.environ.get("STEELYARD_SDK"):
    inside_venv()

import anthropic  # noqa: E402
from anthropic_provider import Anthropic, anthropic_gateway  # noqa: E402
from gateway import KEY, Cases, Mock, running, speaking, start  # noqa: E402

ASK = dict(model="auto", max_tokens=64, messages=[{"role": "user", "content": "hello"}])
TOOLS = [{"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                                              "required": ["city"]}}]


def client_of(gateway, key=KEY):
    return anthropic.Anthropic(base_url=f"http://127.0.0.1:{gateway.port}", api_key=key)


def chat_provider(**parts):
    mock = Mock("cheap,1,2", "dear,10,20")
    gateway = start({"one": (mock.port, ["*"])}, budgets=parts.pop("budgets", "[{ limit: $10, per: month }]"), **parts)
    return mock, gateway, client_of(gateway)


def own_provider():
    provider = Anthropic()
    gateway = anthropic_gateway(provider)
    return provider, gateway, client_of(gateway)


def test_whole_answers():
    for make in (chat_provider, own_provider):
        provider, gateway, client = make()
        with running(provider, gateway):
            answer = client.messages.create(**ASK)
            texts = [block.text for block in answer.content if block.type == "text"]
            assert answer.role == "assistant" and texts[0] and answer.usage.output_tokens > 0, answer
            raw = client.messages.with_raw_response.create(**ASK)
            assert raw.headers["x-steelyard-model"] == "cheap" and raw.headers["x-steelyard-request-id"]


def test_streams():
    for make in (chat_provider, own_provider):
        provider, gateway, client = make()
        with running(provider, gateway):
            with client.messages.stream(**ASK) as stream:
                text = "".join(stream.text_stream)
                final = stream.get_final_message()
            assert text and text == "".join(b.text for b in final.content if b.type == "text")
            assert final.stop_reason in ("end_turn", "tool_use") and final.usage.output_tokens > 0, final
            assert final.usage.input_tokens > 0, final.usage


def test_a_tool_loop():
    mock, gateway, client = chat_provider()
    with running(mock, gateway):
        mock.behave(answer="tool_call")
        answer = client.messages.create(**ASK, tools=TOOLS)
        [call] = [block for block in answer.content if block.type == "tool_use"]
        assert call.name == "weather" and isinstance(call.input, dict) and answer.stop_reason == "tool_use"
        with client.messages.stream(**ASK, tools=TOOLS) as stream:
            final = stream.get_final_message()
        assert [b.name for b in final.content if b.type == "tool_use"] == ["weather"], final
        mock.behave(answer="text")
        turns = [*ASK["messages"], {"role": "assistant", "content": answer.content},
                 {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}]}]
        again = client.messages.create(**{**ASK, "messages": turns}, tools=TOOLS)
        assert again.content[0].type == "text" and again.stop_reason in ("end_turn", "max_tokens"), again


def test_thinking_passes_signed():
    provider, gateway, client = own_provider()
    with running(provider, gateway):
        with client.messages.stream(**ASK) as stream:
            final = stream.get_final_message()
        assert final.content[0].type == "thinking" and final.content[0].signature == "Sig==", final
        assert final.content[2].input == {"zone": "UTC"}, final


def test_the_pretend_provider_of_its_own_dialect():
    mock = Mock("cheap,1,2", reasoning_tokens=4)
    gateway = speaking(mock, "anthropic")
    client = client_of(gateway)
    with running(mock, gateway):
        assert {"auto", "cheap"} <= {m.id for m in client.models.list()}
        assert client.messages.count_tokens(model="cheap", messages=ASK["messages"]).input_tokens > 0
        for stream in (False, True):
            how = dict(ASK, model="cheap")
            if stream:
                with client.messages.stream(**how) as events:
                    text, answer = "".join(events.text_stream), events.get_final_message()
            else:
                answer = client.messages.create(**how)
                text = answer.content[-1].text
            assert answer.content[0].type == "thinking" and answer.content[0].signature, answer
            assert answer.content[-1].text == text and answer.stop_reason == "end_turn" and answer.usage.output_tokens > 4, answer
            mock.behave(answer="tool_call", tool_calls=2)
            with client.messages.stream(**how, tools=TOOLS) as events:
                calls = [b for b in events.get_final_message().content if b.type == "tool_use"]
            assert [c.input for c in calls] == [{"city": "mock"}] * 2, calls
            mock.behave(answer="text", tool_calls=1)
        assert sum(r["spend_nano_usd"] for r in gateway.receipts()) == mock.bill()["total"]["nano_usd"]


def test_signs_of_life_mean_nothing():
    mock = Mock("cheap,1,2", output_tokens=4, interval_ms=350)
    gateway = speaking(mock, "anthropic", more="timeouts: { stream_ping: 100ms }")
    with running(mock, gateway):
        with client_of(gateway).messages.stream(**dict(ASK, model="cheap")) as stream:
            text = "".join(stream.text_stream)
            assert text == stream.get_final_message().content[0].text and text, text


def test_errors_have_their_classes():
    mock, gateway, client = chat_provider(budgets="[{ limit: $0.000001, per: month }]")
    with running(mock, gateway):
        for how, kind in ((dict(ASK, model="nope"), anthropic.NotFoundError),
                          (dict(ASK, messages=[]), anthropic.BadRequestError), (ASK, anthropic.RateLimitError)):
            try:
                client.messages.create(**how)
                raise AssertionError(f"no error: {kind}")
            except kind as error:
                assert error.message
        try:
            client_of(gateway, "sk-no").messages.create(**ASK)
            raise AssertionError("no error")
        except anthropic.AuthenticationError:
            pass
        # x-should-retry: false was obeyed: one refusal, not three.
        receipts = gateway.receipts(4)
        assert sum(1 for r in receipts if r["error_class"] == "over_budget") == 1, receipts


def test_a_broken_stream_is_an_error_to_the_sdk():
    mock, gateway, client = chat_provider()
    with running(mock, gateway):
        mock.behave(fault="cut", after_chunks=2, output_tokens=9, interval_ms=5)
        try:
            with client.messages.stream(**dict(ASK, model="cheap")) as stream:
                stream.get_final_message()
            raise AssertionError("the SDK saw no error")
        except anthropic.APIError as error:
            assert "stream" in str(error), error


if __name__ == "__main__":
    Cases(globals()).run()
