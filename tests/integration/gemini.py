#!/usr/bin/env python3
"""Gemini's dialect: providers that speak it, for clients of Chat and of Messages; and its clients, with any provider."""
import base64
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anthropic_provider import Anthropic, anthropic_gateway  # noqa: E402
from gateway import CATALOG, KEY, Cases, Gateway, Mock, config, events, message, running  # noqa: E402
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


def test_a_key_that_is_refused_rests_and_the_others_carry_on():
    provider = Gemini()
    gateway = gemini_gateway(provider, more="workers: 1\nretry: { attempts: 1 }", keys=["sk-one", "sk-two", "sk-three"])
    with running(provider, gateway):
        used = lambda: [head["x-goog-api-key"] for _, head, _ in provider.requests]  # noqa: E731
        for _ in range(3):
            assert gateway.chat(message())[0] == 200
        assert used() == ["sk-one", "sk-two", "sk-three"], used()
        provider.bad_keys = {"sk-one": (403, "PERMISSION_DENIED", []),
                             "sk-two": (429, "RESOURCE_EXHAUSTED", [{"retryDelay": "600s"}])}
        for _ in range(4):
            status, headers, data = gateway.chat(message())
            assert status == 200, data
        assert used()[3:] == ["sk-one", "sk-two"] + ["sk-three"] * 4, used()
        assert "sk-" not in gateway.said() and "key 1 of 3 rests for 600 s: auth_upstream" in gateway.said(), gateway.said()
        receipts = gateway.receipts(7)
        assert [len(r["attempts"]) for r in receipts[3:]] == [3, 1, 1, 1] and receipts[3]["spend_nano_usd"] == SPEND, receipts[3]
        provider.bad_keys["sk-three"] = (403, "PERMISSION_DENIED", [])
        status, _, _ = gateway.chat(message())
        assert status == 502, "none is left: the client hears of it, but not that it was about a key"


def generate(gateway, body, verb="generateContent", model="auto", query="", key=KEY, version="v1beta"):
    return gateway.chat(body, key=None, path=f"/{version}/models/{model}:{verb}{query}",
                        headers={"x-goog-api-key": key} if key else {})


def contents(text="hello", **fields):
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], **fields}


def documents(data):
    """Of a stream of events; Gemini ends lines with CR LF."""
    return [json.loads(line) for line in events(data.replace(b"\r", b""))]


def text_of(found):
    return "".join(part.get("text", "") for d in found for c in d["candidates"] for part in c["content"].get("parts", [])
                   if not part.get("thought"))


def test_gemini_to_gemini_is_byte_faithful():
    provider = Gemini()
    gateway = gemini_gateway(provider)
    with running(provider, gateway):
        body = '{ "zz":[1.50],  "contents":[{"role":"user","parts":[{"text":"h\\u00e9","thoughtSignature":"AA=="}]}],"generationConfig":{"maxOutputTokens":9}}'
        status, headers, data = generate(gateway, body)
        assert status == 200 and data == provider.told, data
        path, head, sent = provider.requests[-1]
        assert path == "/v1beta/models/gemini-3-flash:generateContent" and sent.decode() == body, (path, sent)
        assert head["x-goog-api-key"] == "sk-provider-canary" and "x-steelyard-dropped-fields" not in headers
        status, headers, data = generate(gateway, contents(), "streamGenerateContent", query="?alt=sse", version="v1")
        assert status == 200 and data == provider.told and b"\r\n\r\n" in data, data
        assert headers["content-type"].startswith("text/event-stream")
        status, headers, data = generate(gateway, contents(), "streamGenerateContent")
        assert status == 200 and headers["content-type"].startswith("application/json"), headers
        assert json.loads(data) == documents(provider.told), data
        assert provider.requests[-1][0].endswith(":streamGenerateContent?alt=sse")
        assert "maxOutputTokens" in json.loads(provider.requests[-1][2])["generationConfig"], "its budget bounds it"
        first, second, third = gateway.receipts(3)
        assert first["spend_nano_usd"] == second["spend_nano_usd"] == third["spend_nano_usd"] == SPEND
        assert first["call_type"] == "generate_content" and first["client_dialect"] == "gemini", first


def test_gemini_clients_are_known_by_their_key_wherever_it_is():
    provider = Gemini()
    gateway = gemini_gateway(provider)
    with running(provider, gateway):
        status, _, _ = generate(gateway, contents(), query="?key=" + KEY, key=None)
        assert status == 200
        for query, key in (("?key=wrong", None), ("", "wrong"), ("", None)):
            status, _, data = generate(gateway, contents(), query=query, key=key)
            error = json.loads(data)["error"]
            assert status == error["code"] == 401 and error["status"] == "UNAUTHENTICATED", (status, data)
        status, _, data = gateway.chat(message(), key=None, path="/v1/chat/completions?key=" + KEY)
        assert status == 401, "only Gemini's paths take it there"
        for path in ("/v1beta/models", "/v1beta/models/cheap", "/v1/models"):
            status, _ = gateway.get(path + "?key=" + KEY, key=None)
            assert status == (401 if path == "/v1/models" else 200), path
        status, _, data = generate(gateway, contents(), model="no-such-model")
        assert status == 404 and json.loads(data)["error"]["status"] == "NOT_FOUND", data
        status, _, data = generate(gateway, '{"contents":[{"parts":[{"text":7}]}]}')
        error = json.loads(data)["error"]
        assert status == 400 and error["message"] == "`/contents/0/parts/0/text` must be a string", data
        gateway.receipts(8)
        log = (gateway.folder / "decisions.jsonl").read_text()
        assert KEY not in log and KEY not in gateway.said(), "a key in the query is a secret"


def test_a_gemini_client_of_a_chat_provider():
    mock = Mock("cheap,1,2")
    gateway = Gateway(config({"one": (mock.port, ["*"])}), CATALOG, None, {"TEST_PROVIDER_KEY": "x"})
    with running(mock, gateway):
        body = contents(systemInstruction={"parts": [{"text": "Be kind."}]}, safetySettings=[{}], generationConfig={"topP": 0.5, "seed": 3})
        status, headers, data = generate(gateway, body)
        assert status == 200, data
        answer = json.loads(data)
        assert answer["candidates"][0]["finishReason"] == "STOP" and text_of([answer]), answer
        assert headers["x-steelyard-dropped-fields"] == "fields,field.safetySettings", headers
        [seen] = [r for r in mock.requests() if r["method"] == "POST"]
        sent = json.loads(seen["body"])
        assert sent["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hello"}], sent
        assert sent["top_p"] == 0.5 and sent["seed"] == 3, sent
        status, _, data = generate(gateway, body, "streamGenerateContent", query="?alt=sse")
        found = documents(data)
        assert status == 200 and text_of(found) == text_of([answer]), data
        assert found[-1]["candidates"][0]["finishReason"] == "STOP" and found[-1]["usageMetadata"] == answer["usageMetadata"]
        status, _, data = generate(gateway, body, "streamGenerateContent")
        assert status == 200 and text_of(json.loads(data)) == text_of([answer]), data
        cost = answer["usageMetadata"]["promptTokenCount"] * 1000 + answer["usageMetadata"]["candidatesTokenCount"] * 2000
        assert spends(gateway, 3) == [cost] * 3 and mock.bill()["total"]["nano_usd"] == 3 * cost


def test_a_gemini_client_of_an_anthropic_provider():
    provider = Anthropic()
    gateway = anthropic_gateway(provider)
    tools = [{"functionDeclarations": [{"name": "clock", "parameters": {"type": "OBJECT", "properties": {"zone": {"type": "STRING"}}}}]}]
    with running(provider, gateway):
        status, _, data = generate(gateway, contents(tools=tools), "streamGenerateContent", query="?alt=sse")
        found = documents(data)
        assert status == 200 and text_of(found) == "It is 12:30.", data
        [call] = [p for d in found for p in d["candidates"][0]["content"].get("parts", []) if "functionCall" in p]
        assert call["functionCall"] == {"id": "toolu_1", "name": "clock", "args": {"zone": "UTC"}}, call
        sent = json.loads(provider.requests[-1][2])
        assert sent["tools"][0]["input_schema"] == {"type": "object", "properties": {"zone": {"type": "string"}}}, sent
        # What the client sends back of it: no thought, but the signature of the call.
        turn = contents(tools=tools)["contents"] + [
            {"role": "model", "parts": [{"text": "It is 12:30."}, call]},
            {"role": "user", "parts": [{"functionResponse": {"id": "toolu_1", "name": "clock", "response": {"output": "12:30"}}}]}]
        status, headers, data = generate(gateway, {"contents": turn, "tools": tools})
        assert status == 200 and "x-steelyard-dropped-fields" not in headers, (headers, data)
        sent = json.loads(provider.requests[-1][2])["messages"]
        # In the order in which Claude said it: it takes no other.
        assert [b["type"] for b in sent[1]["content"]] == ["thinking", "text", "tool_use"], sent
        assert sent[1]["content"][0] == {"type": "thinking", "thinking": "Hm.", "signature": "Sig=="}, sent
        assert sent[2]["content"] == [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "12:30"}], sent


def test_what_gemini_signed_is_not_sent_to_anthropic():
    """A conversation that began at Gemini and goes on at Anthropic."""
    provider = Anthropic()
    gateway = anthropic_gateway(provider)
    carrier = '{"type":"thinking", "thinking":"","signature":"sy1.gemini.c.U2ln"}'
    own = '{"type":"thinking","thinking":"Hm.","signature":"Sig=="}'
    call = '{ "type":"tool_use","id":"a","name":"clock","input":{ } }'

    def body(blocks):
        return ('{"messages":[{"role":"user","content":"hello"},{"role":"assistant","content":[' + blocks + ']},{"role":"user","content":'
                '[{"type":"tool_result","tool_use_id":"a","content":"1"}]}],  "max_tokens":400,"zz":[1.50],"model":"cheap"}')

    with running(provider, gateway):
        for given, sent in ((f"{carrier} , {call}", call), (f"{own},{carrier},{call}, {carrier}", f"{own},{call}")):
            status, headers, data = messages(gateway, body(given))
            assert status == 200 and headers["x-steelyard-dropped-fields"] == "thinking", (headers, data)
            assert provider.requests[-1][2].decode() == body(sent), provider.requests[-1][2]
        status, headers, _ = messages(gateway, body(f"{own},{call}"))
        assert status == 200 and "x-steelyard-dropped-fields" not in headers


def test_what_anthropic_signed_is_not_sent_to_gemini():
    """The other way round: the signature that carried it is no signature of Google's."""
    provider = Gemini()
    gateway = gemini_gateway(provider)
    carried = base64.b64encode(b'sy1.thinking[{"t":"Hm.","s":"Sig=="}]').decode()
    turn = {"role": "model", "parts": [{"text": "one moment"}, {"functionCall": {"name": "clock", "args": {}}, "thoughtSignature": carried}]}
    said = [{"role": "user", "parts": [{"text": "hello"}]}, turn,
            {"role": "user", "parts": [{"functionResponse": {"name": "clock", "response": {"output": "12:30"}}}]}]
    with running(provider, gateway):
        status, headers, data = generate(gateway, {"contents": said})
        assert status == 200 and headers["x-steelyard-dropped-fields"] == "thinking", (headers, data)
        turn["parts"][1]["thoughtSignature"] = "skip_thought_signature_validator"
        assert json.loads(provider.requests[-1][2])["contents"] == said, provider.requests[-1][2]
        turn["parts"][1]["thoughtSignature"] = base64.b64encode(b"Google's own").decode()
        status, headers, _ = generate(gateway, {"contents": said})
        assert status == 200 and "x-steelyard-dropped-fields" not in headers, headers


def test_a_broken_stream_is_told_to_gemini_clients():
    for make, gateway_of in ((Gemini, gemini_gateway), (Anthropic, anthropic_gateway)):
        provider = make()
        gateway = gateway_of(provider)
        with running(provider, gateway):
            provider.cut = True
            _, _, data = generate(gateway, contents(), "streamGenerateContent", query="?alt=sse")
            last = documents(data)[-1]
            assert last["error"]["status"] == "UNAVAILABLE" and last["error"]["code"] == 503, data
            _, _, data = generate(gateway, contents(), "streamGenerateContent")
            last = json.loads(data)[-1]
            assert last["error"]["status"] == "UNAVAILABLE", data


if __name__ == "__main__":
    Cases(globals()).run()
