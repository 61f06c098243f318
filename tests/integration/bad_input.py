#!/usr/bin/env python3
"""Requests that are wrong in themselves, in all dialects of clients: refused in the client's shape, with the place of the fault, before
anything is spent."""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import Cases, Mock, running, speaking  # noqa: E402

ASK = "How late is it?"


def chat(*turns):
    return "/v1/chat/completions", {"model": "cheap", "messages": [{"role": "user", "content": ASK}, *turns]}


def messages(*turns):
    return "/v1/messages", {"model": "cheap", "max_tokens": 99, "messages": [{"role": "user", "content": ASK}, *turns]}


def responses(*items, **fields):
    return "/v1/responses", {"model": "cheap", "input": [{"role": "user", "content": ASK}, *items], **fields}


def gemini(*contents):
    return "/v1beta/models/cheap:generateContent", {"contents": [{"role": "user", "parts": [{"text": ASK}]}, *contents]}


def chat_call(arguments):
    return {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "clock", "arguments": arguments}}]}


def messages_call(arguments):
    return {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "clock", "input": json.loads(arguments)}]}


def responses_call(arguments):
    return {"type": "function_call", "call_id": "c", "name": "clock", "arguments": arguments}


def gemini_call(arguments):
    return {"role": "model", "parts": [{"functionCall": {"name": "clock", "args": json.loads(arguments)}}]}


# How the dialect asks, calls, answers a call; where a result stands that answers none; its error's kind.
DIALECTS = {
    "openai": (chat, chat_call, {"role": "tool", "tool_call_id": "c", "content": "12:30"}, "/messages/1/tool_call_id",
               lambda e: (e["error"]["type"], e["error"]["message"]), "invalid_request_error"),
    "anthropic": (messages, messages_call,
                  {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "12:30"}]},
                  "/messages/1/content/0/tool_use_id", lambda e: (e["error"]["type"], e["error"]["message"]), "invalid_request_error"),
    "responses": (responses, responses_call, {"type": "function_call_output", "call_id": "c", "output": "12:30"}, "/input/1/call_id",
                  lambda e: (e["error"]["type"], e["error"]["message"]), "invalid_request_error"),
    "gemini": (gemini, gemini_call,
               {"role": "user", "parts": [{"functionResponse": {"name": "clock", "response": {"output": "12:30"}}}]},
               "/contents/1/parts/0/functionResponse", lambda e: (e["error"]["status"], e["error"]["message"]), "INVALID_ARGUMENT"),
}


def each_pair():
    """Every dialect of clients with a provider of its own and with one of another."""
    for provider in ("openai", "anthropic"):
        mock = Mock("cheap,1,2")
        gateway = speaking(mock, provider)
        with running(mock, gateway):
            for client, row in DIALECTS.items():
                yield f"{client} to {provider}", mock, gateway, row


def test_a_result_that_answers_no_call():
    for what, mock, gateway, (ask, call, result, place, read, kind) in each_pair():
        before = len(mock.requests(50))
        path, body = ask(result)
        status, _, data = gateway.chat(body, path=path)
        assert status == 400, (what, status, data)
        said, text = read(json.loads(data))
        assert said == kind and text.startswith(f"`{place}` answers no call"), (what, data)
        assert len(mock.requests(50)) == before, what
        # With its call it is a turn like any other.
        path, body = ask(call("{}"), result)
        status, _, data = gateway.chat(body, path=path)
        assert status == 200, (what, status, data)
        assert len(mock.requests(50)) == before + 1, what


def test_a_result_with_a_wrong_id_is_the_providers_to_judge():
    for what, mock, gateway, (ask, call, result, _, read, kind) in each_pair():
        before = len(mock.requests(50))
        path, body = ask(call("{}"), json.loads(json.dumps(result).replace('"c"', '"d"').replace('"name": "clock"', '"name": "dial"')))
        status, _, data = gateway.chat(body, path=path)
        client, provider = what.split(" to ")
        if client == provider:
            assert status == 200 and len(mock.requests(50)) == before + 1, (what, status, data)
        else:
            assert status == 400 and read(json.loads(data))[0] == kind and "/2/" in read(json.loads(data))[1], (what, status, data)
            assert len(mock.requests(50)) == before, what


def test_ten_megabytes_of_arguments():
    """Well formed, and more than the model's context holds: clients are told so in words that make coding agents shorten what they send."""
    much = json.dumps({"text": "what else, " * 909_000})
    for what, mock, gateway, (ask, call, result, _, read, kind) in each_pair():
        path, body = ask(call(much), result)
        status, headers, data = gateway.chat(body, path=path)
        said, text = read(json.loads(data))
        assert status == 400 and said == kind and headers["x-should-retry"] == "false", (what, status, headers, data[:300])
        found = re.match(r"The input token count \((\d+)\) exceeds the maximum number of tokens allowed \((\d+)\)" if ask is gemini
                         else r"prompt is too long: (\d+) tokens > (\d+) maximum", text)
        assert found and int(found[1]) > int(found[2]) > 1000, (what, text)
        if ask in (chat, responses):
            assert json.loads(data)["error"]["code"] == "context_length_exceeded", data
        assert mock.requests(5) == [], what


def test_arguments_that_came_as_an_object():
    """As clients of Ollama send them: forwarded as they are, and translated as what they are."""
    for what, mock, gateway, (ask, *_) in each_pair():
        if ask is not chat:
            continue
        arguments = {"zone": 'a "b" \\ c', "more": [1, {"x": None}]}
        path, body = ask(chat_call(arguments), {"role": "tool", "tool_call_id": "c", "content": "12:30"})
        status, headers, data = gateway.chat(body, path=path)
        assert status == 200 and "x-steelyard-dropped-fields" not in headers, (what, status, headers, data)
        sent = json.loads(mock.requests(1)[0]["body"])
        if what == "openai to openai":
            assert sent["messages"] == body["messages"], sent
        else:
            assert [b["input"] for b in sent["messages"][1]["content"] if b["type"] == "tool_use"] == [arguments], sent


def test_fields_that_nobody_knows_are_told():
    """Where the provider speaks another dialect; what carries nothing is not, and a header's length has a bound."""
    odd = {"zz_top": 1, **{f"zz_{i}": 1 for i in range(20)}, "bad name\r\nx-evil: 1": 1}
    for what, mock, gateway, (ask, call, *_) in each_pair():
        path, body = ask(call("{}"))
        turns = body.get("messages") or body.get("input") or body["contents"]
        turns[0].update({"zz_turn": 1, "status": "completed", "zz_none": None})
        for fields, names in (({}, "fields,field.zz_turn"), ({"zz_top": True}, "fields,field.zz_turn,field.zz_top"), (odd, None)):
            status, headers, data = gateway.chat({**body, **fields}, path=path)
            assert status == 200, (what, status, data)
            told = headers.get("x-steelyard-dropped-fields", "")
            client, provider = what.split(" to ")
            if client == provider:
                assert told == "" and "zz_turn" in mock.requests(1)[0]["body"], (what, told)
            elif names is not None:
                assert told.endswith(names), (what, told)
            else:
                assert told.count("field.zz_") == 8 and len(told) < 300 and "evil" not in headers.keys(), (what, told)


def test_legacy_completions_of_a_model_that_has_none():
    """Not a 503, which SDKs would ask again."""
    mock = Mock("cheap,1,2")
    gateway = speaking(mock, "anthropic")
    with running(mock, gateway):
        status, _, data = gateway.chat({"model": "cheap", "prompt": "x"}, path="/v1/completions")
        error = json.loads(data)["error"]
        assert status == 400 and error["type"] == "invalid_request_error" and "/v1/chat/completions" in error["message"], data


if __name__ == "__main__":
    Cases(globals()).run()
