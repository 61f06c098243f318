#!/usr/bin/env python3
"""Anthropic's dialect at both ends: clients of /v1/messages, providers that speak it, and all four pairs with Chat."""
import contextlib
import http.client
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import anthropic_provider  # noqa: E402
from anthropic_provider import BLOCKS, Anthropic, anthropic_gateway  # noqa: E402
from gateway import CATALOG, KEY, Cases, Gateway, Mock, config, events, message, running  # noqa: E402

def ask(text="hello", **fields):
    return {"model": "auto", "max_tokens": 400, "messages": [{"role": "user", "content": text}], **fields}


def messages(gateway, body, **headers):
    return gateway.chat(body, key=None, path="/v1/messages",
                        headers={"x-api-key": KEY, "anthropic-version": "2026-10-21", **headers})


def typed(data):
    return [json.loads(line) for line in events(data)]


def test_an_anthropic_client_of_a_chat_provider_whole():
    mock = Mock("cheap,1,2")
    gateway = Gateway(config({"one": (mock.port, ["*"])}), CATALOG, None, {"TEST_PROVIDER_KEY": "x"})
    with running(mock, gateway):
        status, headers, data = messages(gateway, ask(system="Be kind.", top_k=5, metadata={"user_id": "u"}))
        assert status == 200, data
        answer = json.loads(data)
        assert answer["type"] == "message" and answer["role"] == "assistant" and answer["stop_reason"] == "end_turn", answer
        assert answer["content"][0]["type"] == "text" and answer["content"][0]["text"]
        assert headers["x-steelyard-dropped-fields"] == "top_k,user", headers
        [seen] = [r for r in mock.requests() if r["method"] == "POST"]
        sent = json.loads(seen["body"])
        assert sent["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hello"}], sent
        [receipt] = gateway.receipts(1)
        cost = answer["usage"]["input_tokens"] * 1000 + answer["usage"]["output_tokens"] * 2000
        assert receipt["spend_nano_usd"] == cost == mock.bill()["total"]["nano_usd"], receipt


def test_an_anthropic_client_of_a_chat_provider_streamed():
    mock = Mock("cheap,1,2")
    gateway = Gateway(config({"one": (mock.port, ["*"])}), CATALOG, None, {"TEST_PROVIDER_KEY": "x"})
    with running(mock, gateway):
        status, _, data = messages(gateway, ask(stream=True))
        assert status == 200, data
        found = typed(data)
        names = [line[7:] for line in data.decode().split("\n") if line.startswith("event: ")]
        assert names == [event["type"] for event in found], names
        assert names[0] == "message_start" and names[-2:] == ["message_delta", "message_stop"], names
        usage = found[-2]["usage"]
        [receipt] = gateway.receipts(1)
        assert receipt["spend_nano_usd"] == usage["input_tokens"] * 1000 + usage["output_tokens"] * 2000 > 0
        assert receipt["spend_nano_usd"] == mock.bill()["total"]["nano_usd"]


def test_anthropic_to_anthropic_is_byte_faithful():
    provider = Anthropic()
    gateway = anthropic_gateway(provider)
    with running(provider, gateway):
        body = ('{ "zz":[1.50], "max_tokens":400,  "messages":[{"role":"user","content":[{"type":"text","text":"h\\u00e9",'
                '"cache_control":{"type":"ephemeral"}}]}],"model":"auto"}')
        status, headers, data = messages(gateway, body, **{"anthropic-beta": "x-1,y-2"})
        assert status == 200 and data == provider.told, data
        path, seen, sent = provider.requests[-1]
        assert path == "/v1/messages" and sent.decode() == body.replace('"auto"', '"cheap"'), sent
        assert seen["x-api-key"] == "sk-provider-canary" and "authorization" not in seen
        assert seen["anthropic-version"] == "2026-10-21" and seen["anthropic-beta"] == "x-1,y-2", seen
        assert "x-steelyard-dropped-fields" not in headers
        status, _, data = messages(gateway, ask(stream=True))
        assert status == 200 and data == provider.told, data
        first, second = gateway.receipts(2)
        assert first["spend_nano_usd"] == second["spend_nano_usd"] > 0, (first, second)


def test_several_lines_of_betas_are_one_to_the_provider():
    provider = Anthropic()
    gateway = anthropic_gateway(provider)
    with running(provider, gateway), contextlib.closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)) as client:
        body = json.dumps(ask()).encode()
        client.putrequest("POST", "/v1/messages")
        for name, value in (("x-api-key", KEY), ("anthropic-beta", "x-1, y-2"), ("content-length", str(len(body))),
                            ("Anthropic-Beta", "z-3")):
            client.putheader(name, value)
        client.endheaders(body)
        assert client.getresponse().status == 200
        _, seen, _ = provider.requests[-1]
        assert seen["anthropic-beta"] == "x-1,y-2,z-3", seen


def test_a_chat_client_of_an_anthropic_provider():
    provider = Anthropic()
    gateway = anthropic_gateway(provider)
    tools = [{"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}]
    with running(provider, gateway):
        status, headers, data = gateway.chat(message(tools=tools, seed=7))
        assert status == 200, data
        assert headers["x-steelyard-dropped-fields"] == "seed"
        choice = json.loads(data)["choices"][0]
        assert choice["finish_reason"] == "tool_calls" and choice["message"]["content"] == "It is 12:30."
        [call] = choice["message"]["tool_calls"]
        assert call["id"] == "toolu_1" and json.loads(call["function"]["arguments"]) == {"zone": "UTC"}
        assert choice["message"]["reasoning_details"][0]["signature"] == "Sig=="
        _, seen, sent = provider.requests[-1]
        sent = json.loads(sent)
        assert seen["anthropic-version"] == "2023-06-01" and sent["max_tokens"] > 0, (seen, sent)
        # The next turn of the tool loop, as the client would send it: the thinking comes back signed.
        turn = [{"role": "user", "content": "hello"}, choice["message"],
                {"role": "tool", "tool_call_id": "toolu_1", "content": "12:30"}]
        status, _, data = gateway.chat({**message(tools=tools), "messages": turn})
        assert status == 200, data
        sent = json.loads(provider.requests[-1][2])
        assert sent["messages"][1]["content"] == BLOCKS, sent
        assert sent["messages"][2]["content"][0] == {"type": "tool_result", "tool_use_id": "toolu_1", "content": "12:30"}
        status, _, data = gateway.chat(message(stream=True, stream_options={"include_usage": True}))
        chunks = events(data)
        assert status == 200 and chunks[-1] == "[DONE]", data
        usage = json.loads(chunks[-2])["usage"]
        assert usage["prompt_tokens"] == 420 and usage["completion_tokens"] == 50, usage
        assert usage["prompt_tokens_details"]["cached_tokens"] == 300
        spends = [r["spend_nano_usd"] for r in gateway.receipts(3)]
        assert len(set(spends)) == 1 and spends[0] > 0, spends


def test_all_rounds_of_one_request_are_billed():
    """The context was made room in before the answer: the top level of the usage has the answer's round alone."""
    rounds = [{"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500},
              {"type": "message", "input_tokens": 1_000, "output_tokens": 50}]
    usual = dict(anthropic_provider.USAGE)
    provider = Anthropic()
    gateway = anthropic_gateway(provider)
    with running(provider, gateway):
        anthropic_provider.USAGE.clear()
        anthropic_provider.USAGE.update(input_tokens=1_000, output_tokens=1, iterations=rounds)
        try:
            for body in (ask(), ask(stream=True)):
                assert messages(gateway, body)[0] == 200
            assert gateway.chat(message())[0] == 200
        finally:
            anthropic_provider.USAGE.clear()
            anthropic_provider.USAGE.update(usual)
        for receipt in gateway.receipts(3):
            assert receipt["spend_nano_usd"] == 181_000 * 1_000 + 3_550 * 2_000, receipt  # $1 and $2 a million


def test_errors_come_in_the_clients_dialect():
    provider = Anthropic()
    gateway = anthropic_gateway(provider, more="retry: { attempts: 1 }")
    with running(provider, gateway):
        status, _, data = gateway.chat(ask(model="no-such-model"), key=None, path="/v1/messages", headers={"x-api-key": KEY})
        assert status == 404 and json.loads(data)["error"]["type"] == "not_found_error", (status, data)
        status, _, data = messages(gateway, '{"model":"auto","messages":[{"role":"user","content":[{"type":"text"}]}]}')
        assert status == 400, data
        assert json.loads(data)["error"]["message"] == "`/messages/0/content/0/text` must be a string", data
        status, _, data = gateway.chat(ask(), key="wrong", path="/v1/messages")
        assert status == 401 and json.loads(data)["error"]["type"] == "authentication_error", data
        provider.status = 529
        status, _, data = gateway.chat(message())
        assert status == 503 and json.loads(data)["error"]["message"] == "Overloaded", (status, data)


def test_a_cut_stream_is_told():
    provider = Anthropic()
    gateway = anthropic_gateway(provider)
    with running(provider, gateway):
        provider.cut = True
        _, _, data = messages(gateway, ask(stream=True))
        assert typed(data)[-1]["type"] == "error", data
        _, _, data = gateway.chat(message(stream=True))
        assert "error" in json.loads(events(data)[-1]), data


if __name__ == "__main__":
    Cases(globals()).run()
