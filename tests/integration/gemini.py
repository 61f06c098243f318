#!/usr/bin/env python3
"""Gemini's dialect: providers that speak it, for clients of Chat and of Messages."""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import KEY, Cases, events, message, running  # noqa: E402
from gemini_provider import CALLS, PARTS, SPEND, Gemini, gemini_gateway  # noqa: E402

TOOLS = [{"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}}}]


def messages(gateway, body):
    return gateway.chat(body, key=None, path="/v1/messages", headers={"x-api-key": KEY, "anthropic-version": "2023-06-01"})


def ask(**fields):
    return {"model": "auto", "max_tokens": 400, "messages": [{"role": "user", "content": "hello"}], **fields}


def spends(gateway, count):
    return [r["spend_nano_usd"] for r in gateway.receipts(count)]


def test_a_chat_client_of_a_gemini_provider():
    provider = Gemini()
    gateway = gemini_gateway(provider)
    with running(provider, gateway):
        status, headers, data = gateway.chat(message(tools=TOOLS, seed=7, user="me", reasoning_effort="low"))
        assert status == 200, data
        assert headers["x-steelyard-dropped-fields"] == "user", headers
        choice = json.loads(data)["choices"][0]
        assert choice["finish_reason"] == "tool_calls" and choice["message"]["content"] == "It is 12:30.", choice
        assert choice["message"]["reasoning_content"] == "Hm."
        calls = choice["message"]["tool_calls"]
        assert [c["id"] for c in calls] == ["fc_1", "fc_2"] and json.loads(calls[1]["function"]["arguments"]) == {"zone": "CET"}
        path, head, sent = provider.requests[-1]
        assert path == "/v1beta/models/gemini-3-flash:generateContent", path
        assert head["x-goog-api-key"] == "sk-provider-canary" and "authorization" not in head
        sent = json.loads(sent)
        assert sent["generationConfig"]["seed"] == 7, sent
        assert sent["generationConfig"]["thinkingConfig"] == {"thinkingLevel": "LOW", "includeThoughts": True}
        assert sent["tools"] == [{"functionDeclarations": [{"name": "clock", "parametersJsonSchema": TOOLS[0]["function"]["parameters"]}]}]
        # The next turn, as the client would send it: the signature comes back, results in the order of the calls.
        turn = [{"role": "user", "content": "hello"}, choice["message"],
                {"role": "tool", "tool_call_id": "fc_2", "content": "13:30"}, {"role": "tool", "tool_call_id": "fc_1", "content": "12:30"}]
        status, headers, data = gateway.chat({**message(tools=TOOLS), "messages": turn})
        assert status == 200, data
        contents = json.loads(provider.requests[-1][2])["contents"]
        assert contents[1] == {"role": "model", "parts": [{"text": "It is 12:30."}, *CALLS]}, contents
        assert contents[2] == {"role": "user", "parts": [
            {"functionResponse": {"id": "fc_1", "name": "clock", "response": {"output": "12:30"}}},
            {"functionResponse": {"id": "fc_2", "name": "clock", "response": {"output": "13:30"}}}]}, contents
        assert spends(gateway, 2) == [SPEND, SPEND]


def test_a_signature_the_client_lost_is_replaced():
    provider = Gemini()
    gateway = gemini_gateway(provider)
    call = {"id": "x", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    with running(provider, gateway):
        turn = [{"role": "user", "content": "hello"}, {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "x", "content": "1"}]
        status, headers, _ = gateway.chat({**message(tools=TOOLS), "messages": turn})
        assert status == 200 and headers["x-steelyard-dropped-fields"] == "thinking", headers
        contents = json.loads(provider.requests[-1][2])["contents"]
        assert contents[1]["parts"][0]["thoughtSignature"] == "skip_thought_signature_validator", contents


def test_a_chat_stream_from_a_gemini_provider():
    provider = Gemini()
    gateway = gemini_gateway(provider)
    with running(provider, gateway):
        status, _, data = gateway.chat(message(stream=True, stream_options={"include_usage": True}))
        chunks = events(data)
        assert status == 200 and chunks[-1] == "[DONE]", data
        assert provider.requests[-1][0] == "/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse"
        usage = json.loads(chunks[-2])["usage"]
        assert usage["prompt_tokens"] == 420 and usage["completion_tokens"] == 50, usage
        assert usage["prompt_tokens_details"]["cached_tokens"] == 300 and usage["completion_tokens_details"]["reasoning_tokens"] == 10
        assert json.loads(chunks[-3])["choices"][0]["finish_reason"] == "tool_calls", chunks
        signed = [c for c in chunks if "thought_signature" in c]
        assert len(signed) == 1 and "U2lnPT0=" in signed[0], chunks
        [receipt] = gateway.receipts(1)
        assert receipt["spend_nano_usd"] == SPEND and receipt["upstream_dialect"] == "gemini", receipt


def test_a_messages_client_of_a_gemini_provider():
    provider = Gemini()
    gateway = gemini_gateway(provider)
    tools = [{"name": "clock", "input_schema": {"type": "object", "properties": {"zone": {"type": "string"}}}}]
    with running(provider, gateway):
        body = ask(tools=tools, system=[{"type": "text", "text": "Be kind."}], thinking={"type": "enabled", "budget_tokens": 3000})
        status, _, data = messages(gateway, body)
        answer = json.loads(data)
        assert status == 200 and answer["stop_reason"] == "tool_use", data
        assert [b["type"] for b in answer["content"]] == ["thinking", "text", "thinking", "tool_use", "tool_use"], answer
        assert answer["usage"]["cache_read_input_tokens"] == 300 and answer["usage"]["input_tokens"] == 120, answer
        sent = json.loads(provider.requests[-1][2])
        assert sent["systemInstruction"] == {"parts": [{"text": "Be kind."}]}, sent
        turn = [*body["messages"], {"role": "assistant", "content": answer["content"]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "fc_1", "content": "12:30"},
                                             {"type": "tool_result", "tool_use_id": "fc_2", "content": "late", "is_error": True},
                                             {"type": "text", "text": "go on"}]}]
        status, headers, data = messages(gateway, {**body, "messages": turn})
        assert status == 200, data
        contents = json.loads(provider.requests[-1][2])["contents"]
        assert contents[1]["parts"] == [{"text": "It is 12:30."}, *CALLS], contents
        assert contents[2]["parts"][1]["functionResponse"]["response"] == {"error": "late"}, contents
        assert contents[3]["parts"] == [{"text": "go on"}], contents
        status, _, data = messages(gateway, {**body, "stream": True})
        found = [json.loads(line) for line in events(data)]
        assert status == 200 and found[-1]["type"] == "message_stop" and found[-2]["delta"]["stop_reason"] == "tool_use", data
        assert len(set(spends(gateway, 3))) == 1 == len({SPEND} & set(spends(gateway, 3)))


def test_a_cut_stream_is_told_and_errors_are_mapped():
    provider = Gemini()
    gateway = gemini_gateway(provider, more="retry: { attempts: 1 }")
    with running(provider, gateway):
        provider.cut = True
        _, _, data = gateway.chat(message(stream=True))
        assert "error" in json.loads(events(data)[-1]), data
        _, _, data = messages(gateway, ask(stream=True))
        assert json.loads(events(data)[-1])["type"] == "error", data
        for error, status, kind in (((400, "INVALID_ARGUMENT", [{"reason": "API_KEY_INVALID"}]), 400, "invalid_request_error"),
                                    ((503, "UNAVAILABLE", []), 529, "overloaded_error"),
                                    ((404, "NOT_FOUND", []), 404, "not_found_error")):
            provider.error = error
            got, _, data = messages(gateway, ask())
            assert got == status and json.loads(data)["error"]["type"] == kind, (error, got, data)
            assert json.loads(data)["error"]["message"] == "so it is", data


def test_the_delay_asked_for_in_the_body_is_kept():
    provider = Gemini()
    gateway = gemini_gateway(provider, more="retry: { attempts: 2 }")
    info = "type.googleapis.com/google.rpc.RetryInfo"
    with running(provider, gateway):
        provider.error = (429, "RESOURCE_EXHAUSTED", [{"@type": info, "retryDelay": "34.4s"}])
        status, headers, data = gateway.chat(message())
        assert status == 429 and headers["retry-after"] == "35", (status, headers, data)
        assert len(provider.requests) == 1, "it was asked again before its time"
    provider = Gemini()
    gateway = gemini_gateway(provider, more="retry: { attempts: 2 }")
    with running(provider, gateway):
        provider.error = (429, "RESOURCE_EXHAUSTED", [{"@type": info, "retryDelay": "0.3s"}])
        began = time.monotonic()
        status, _, _ = gateway.chat(message())
        assert status == 429 and len(provider.requests) == 2 and time.monotonic() - began >= 0.3, provider.requests


if __name__ == "__main__":
    Cases(globals()).run()
