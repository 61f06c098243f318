#!/usr/bin/env python3
"""`steelyard mock` as a provider of each dialect, behind the gateway: what clients get, what both bill, and every way to fail."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import Cases, Mock, events, message, running, speaking  # noqa: E402

DIALECTS = ("responses", "anthropic", "gemini")
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {
    "type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}}}
ASK = "Tell me something."


def native(dialect, stream=False, tool=False, text=ASK, limit=None):
    """(path, body) of a request in the dialect itself."""
    schema = CLOCK["function"]["parameters"]
    if dialect == "anthropic":
        body = {"model": "cheap", "max_tokens": limit or 500, "messages": [{"role": "user", "content": text}], "stream": stream}
        return "/v1/messages", {**body, "tools": [{"name": "clock", "input_schema": schema}]} if tool else body
    if dialect == "responses":
        body = {"model": "cheap", "input": text, "stream": stream, **({"max_output_tokens": limit} if limit else {})}
        return "/v1/responses", {**body, "tools": [{"type": "function", "name": "clock", "parameters": schema}]} if tool else body
    body = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    if limit:
        body["generationConfig"] = {"maxOutputTokens": limit}
    if tool:
        body["tools"] = [{"functionDeclarations": [{"name": "clock", "parameters": schema}]}]
    return f"/v1beta/models/cheap:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}", body


def text_of(dialect, data, stream):
    """(text, calls, end) a client of the dialect itself puts together."""
    text, calls, end = "", [], None
    if dialect == "anthropic":
        if not stream:
            answer = json.loads(data)
            blocks = answer["content"]
            return ("".join(b["text"] for b in blocks if b["type"] == "text"),
                    [(b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"], answer["stop_reason"])
        arguments = {}
        for event in map(json.loads, events(data)):
            delta = event.get("delta", {})
            if delta.get("type") == "text_delta":
                text += delta["text"]
            elif delta.get("type") == "input_json_delta":
                arguments[event["index"]][1] += delta["partial_json"]
            elif event["type"] == "content_block_start" and event["content_block"]["type"] == "tool_use":
                arguments[event["index"]] = [event["content_block"]["name"], ""]
            end = delta.get("stop_reason", end)
        return text, [(n, json.loads(a)) for n, a in arguments.values()], end
    if dialect == "responses":
        answer = json.loads(data) if not stream else json.loads(events(data)[-1])["response"]
        for item in answer["output"]:
            if item["type"] == "message":
                text += "".join(p["text"] for p in item["content"])
            elif item["type"] == "function_call":
                calls.append((item["name"], json.loads(item["arguments"])))
        return text, calls, answer["status"]
    for chunk in map(json.loads, events(data) if stream else [data]):
        [candidate] = chunk["candidates"]
        for part in candidate["content"]["parts"]:
            text += "" if part.get("thought") else part.get("text", "")
            if "functionCall" in part:
                calls.append((part["functionCall"]["name"], part["functionCall"]["args"]))
        end = candidate.get("finishReason", end)
    return text, calls, end


ENDS = {"anthropic": ("end_turn", "tool_use", "max_tokens"), "responses": ("completed", "completed", "incomplete"),
        "gemini": ("STOP", "STOP", "MAX_TOKENS")}


def test_own_clients_whole_and_streamed_and_the_bill():
    for dialect in DIALECTS:
        mock = Mock("cheap,1,2", cached_tokens=3, reasoning_tokens=5)
        gateway = speaking(mock, dialect)
        with running(mock, gateway):
            said = []
            for stream in (False, True):
                path, body = native(dialect, stream)
                status, headers, data = gateway.chat(body, path=path)
                assert status == 200, (dialect, data)
                text, calls, end = text_of(dialect, data, stream)
                assert text and not calls and end == ENDS[dialect][0], (dialect, text, end)
                said.append(text)
                path, body = native(dialect, stream, tool=True)
                mock.behave(answer="tool_call", tool_calls=2)
                _, _, data = gateway.chat(body, path=path)
                mock.behave(answer="text", tool_calls=1)
                text, calls, end = text_of(dialect, data, stream)
                assert len(calls) == 2 and calls[0][0] == "clock" and "zone" in calls[0][1] and end == ENDS[dialect][1], (calls, data)
                path, body = native(dialect, stream, limit=7)
                _, _, data = gateway.chat(body, path=path)
                assert text_of(dialect, data, stream)[2] == ENDS[dialect][2], data
            assert said[0] == said[1], said
            receipts, total = gateway.receipts(6), mock.bill()["total"]
            assert sum(r["spend_nano_usd"] for r in receipts) == total["nano_usd"] > 0, (dialect, receipts, total)
            for r in receipts:
                assert r["usage_source"] == "provider" and r["cache_read_input_tokens"] == 3, r
            assert sum(r["completion_tokens"] for r in receipts) == total["output_tokens"], (dialect, total)
            assert sum(r["prompt_tokens"] for r in receipts) == total["input_tokens"], (dialect, total)


def test_chat_clients_before_each():
    for dialect in DIALECTS:
        mock = Mock("cheap,1,2", reasoning_tokens=4)
        gateway = speaking(mock, dialect)
        with running(mock, gateway):
            status, _, data = gateway.chat(message(ASK, model="cheap"))
            answer = json.loads(data)["choices"][0]
            assert status == 200 and answer["message"]["content"] and answer["finish_reason"] == "stop", data
            _, _, data = gateway.chat(message(ASK, model="cheap", stream=True))
            found = [json.loads(e) for e in events(data)[:-1]]
            text = "".join(c["choices"][0]["delta"].get("content") or "" for c in found if c["choices"])
            assert text == answer["message"]["content"] and events(data)[-1] == "[DONE]", (dialect, data)
            mock.behave(answer="tool_call")
            _, _, data = gateway.chat(message(ASK, model="cheap", tools=[CLOCK]))
            [call] = json.loads(data)["choices"][0]["message"]["tool_calls"]
            assert call["function"]["name"] == "clock" and json.loads(call["function"]["arguments"]) == {"zone": "mock"}, call
            mock.behave(answer="refusal")
            _, _, data = gateway.chat(message(ASK, model="cheap"))
            assert json.loads(data)["choices"][0]["finish_reason"] in ("content_filter", "stop"), data
            assert sum(r["spend_nano_usd"] for r in gateway.receipts(4)) == mock.bill()["total"]["nano_usd"]


def test_cache_writes_are_reported_where_the_dialect_has_them():
    mock = Mock("cheap,1,2", cached_tokens=2, cache_write_tokens=3)
    gateway = speaking(mock, "anthropic")
    with running(mock, gateway):
        path, body = native("anthropic")
        _, _, data = gateway.chat(body, path=path)
        usage = json.loads(data)["usage"]
        assert (usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]) == (2, 3), usage
        [receipt] = gateway.receipts(1)
        assert receipt["cache_creation_input_tokens"] == 3 and receipt["spend_nano_usd"] == mock.bill()["total"]["nano_usd"]


def failure_in(dialect, data):
    """Does a stream end in the dialect's own error?"""
    last = json.loads(events(data)[-1])
    return last.get("type") in ("error", "response.failed") if dialect != "gemini" else "error" in last


def test_every_fault_of_a_stream_is_an_error_the_client_sees():
    for dialect in DIALECTS:
        mock = Mock("cheap,1,2")
        gateway = speaking(mock, dialect, more="timeouts: { stream_idle: 500ms, first_byte: 500ms }\nretry: { attempts: 1 }")
        with running(mock, gateway):
            path, body = native(dialect, stream=True)
            for fault in ("cut", "reset", "stall", "error_event", "no_done", "no_finish"):
                mock.behave(fault=fault, after_chunks=3, interval_ms=10)
                status, _, data = gateway.chat(body, path=path)
                finish_may_be_absent = fault == "no_finish" and dialect in ("anthropic", "responses")
                assert status == 200, (dialect, fault, data)
                assert failure_in(dialect, data) or finish_may_be_absent, (dialect, fault, data)
            for fault, allowed in (("close_before_head", (502,)), ("garbage", (502,)), ("hang", (504,)), ("close_after_head", (502,)),
                                   ("huge_line", (502, 503)), ("html", (502,)), ("empty", (502,))):
                mock.behave(fault=fault)
                status, _, data = gateway.chat(body, path=path)
                error = json.loads(data)["error"] if status != 200 else None
                assert (status in allowed or (status == 503 and dialect == "gemini") or
                        (status == 200 and fault == "huge_line")), (dialect, fault, status, data[:300])
                assert status == 200 or error["message"], data
            mock.behave(fault="none", interval_ms=0, split_writes=True, crlf=True, ping_every=2)
            status, _, data = gateway.chat(body, path=path)
            assert status == 200 and text_of(dialect, data.replace(b"\r\n", b"\n"), True)[2] == ENDS[dialect][0], data


def test_every_fault_of_a_whole_answer_is_an_error():
    for dialect in DIALECTS:
        mock = Mock("cheap,1,2")
        gateway = speaking(mock, dialect, more="timeouts: { stream_idle: 500ms, first_byte: 500ms }\nretry: { attempts: 1 }\n"
                           "breaker: { failures: 100, open: 1s }")
        with running(mock, gateway):
            path, body = native(dialect)
            for fault in ("cut", "reset", "stall", "bad_body", "error_event", "close_before_head", "garbage", "html", "empty"):
                mock.behave(fault=fault)
                status, _, data = gateway.chat(body, path=path)
                assert status in (502, 503, 504, 500), (dialect, fault, status, data)
                assert json.loads(data)["error"]["message"], data
            for code in (502, 529):  # the page of a proxy in between: told in the client's dialect, without its HTML
                mock.behave(fault="html", status=code)
                status, headers, data = gateway.chat(body, path=path)
                assert status in (500, 502, 503, 529) and headers["content-type"].startswith("application/json"), (dialect, status, headers)
                assert json.loads(data)["error"]["message"] and b"<html" not in data, (dialect, data)
            mock.behave(fault="none", status=0)
            assert gateway.chat(body, path=path)[0] == 200
            for code, wait in ((400, None), (500, None), (429, "7")):  # the last one: the provider is left alone then
                mock.behave(status=code, **({"retry_after": int(wait)} if wait else {}))
                status, headers, data = gateway.chat(body, path=path)
                assert status == code and headers.get("retry-after") == wait, (dialect, code, status, headers, data)
            open_holds = gateway.budgets()["acme"]["held_nano_usd"]
            assert open_holds == 0, open_holds


if __name__ == "__main__":
    Cases(globals()).run()
