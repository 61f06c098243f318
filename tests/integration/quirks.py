#!/usr/bin/env python3
"""What a provider of Chat wants beyond OpenAI's own (`quirks`), when its request comes in another dialect."""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import KEY, Cases, Mock, message, running, speaking  # noqa: E402

MARK = {"type": "ephemeral"}
TOOL = {"name": "clock", "input_schema": {"type": "object"}}


def call(number):
    return {"type": "tool_use", "id": f"c{number}", "name": "clock", "input": {}}


def result(number, **fields):
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"c{number}", "content": "12:30", **fields}]}


HISTORY = [{"role": "user", "content": [{"type": "text", "text": "hello", "cache_control": MARK}]},
           {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm.", "signature": ""}, call(1)]},
           result(1, cache_control=MARK),
           {"role": "assistant", "content": [call(2)]}, result(2),
           {"role": "assistant", "content": [{"type": "text", "text": "Half past."}]},
           {"role": "system", "content": "Be brief."}, {"role": "user", "content": "and now?"}]


def sent(quirks):
    """What the provider is asked, and what the client is told of losses."""
    mock = Mock("cheap,1,2")
    gateway = speaking(mock, "openai", quirks=quirks)
    with running(mock, gateway):
        body = {"model": "cheap", "max_tokens": 99, "messages": HISTORY, "top_k": 40, "tools": [{**TOOL, "cache_control": MARK}]}
        status, headers, data = gateway.chat(body, path="/v1/messages", key=KEY)
        assert status == 200, data
        [seen] = [r for r in mock.requests() if r["method"] == "POST"]
        return json.loads(seen["body"]), headers.get("x-steelyard-dropped-fields", "").split(",")


def test_without_quirks_it_is_openai():
    body, told = sent("")
    assert told == ["top_k", "cache_control", "thinking"], told
    text = json.dumps(body)
    assert "reasoning_content" not in text and "cache_control" not in text and "top_k" not in body, text
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "tool", "assistant", "tool", "assistant", "system", "user"], body


def test_thinking_goes_back_where_it_is_wanted():
    """DeepSeek refuses a turn with calls that lacks it; an empty one will do (research/wire 3.3)."""
    body, told = sent("reasoning_content: true")
    assert [m.get("reasoning_content") for m in body["messages"] if m["role"] == "assistant"] == ["Hm.", "", None], body
    assert "thinking" not in told, told


def test_cache_marks_and_top_k_where_they_are_taken():
    body, told = sent("cache_marks: true, top_k: true")
    messages = body["messages"]
    assert body["top_k"] == 40 and messages[0]["content"] == [{"type": "text", "text": "hello", "cache_control": MARK}], body
    assert messages[2] == {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "12:30", "cache_control": MARK}]}, messages
    assert messages[4]["content"] == "12:30" and body["tools"][0]["cache_control"] == MARK, body
    assert "cache_control" not in told and "top_k" not in told, told


def test_system_messages_stay_in_their_place_as_the_users():
    body, _ = sent("system_anywhere: false")
    assert body["messages"][6] == {"role": "user", "content": "<system>\nBe brief.\n</system>"}, body


def test_a_limit_by_the_name_that_is_known():
    """DeepSeek and Mistral know `max_tokens` alone, and take the rest for noise: an answer without a limit."""
    for quirks, asked, name in (("max_tokens_only: true", {"max_completion_tokens": 7}, "max_tokens"),
                                ("max_tokens_only: true", {"max_tokens": 7}, "max_tokens"),
                                ("", {"max_completion_tokens": 7}, "max_completion_tokens"),
                                ("max_completion_tokens: true", {"max_tokens": 7}, "max_completion_tokens")):
        mock = Mock("cheap,1,2")
        gateway = speaking(mock, "openai", quirks=quirks)
        with running(mock, gateway):
            status, _, data = gateway.chat({**message(**asked), "model": "cheap"}, key=KEY)
            assert status == 200, data
            [seen] = [r for r in mock.requests() if r["method"] == "POST"]
            limits = {key: value for key, value in json.loads(seen["body"]).items() if key.startswith("max_")}
            assert limits == {name: 7}, (quirks, asked, limits)
    body, _ = sent("max_tokens_only: true")
    assert body["max_tokens"] == 99 and "max_completion_tokens" not in body, body


def test_short_ids_of_tool_calls_alike_in_call_and_result():
    """Mistral takes nine letters and digits, nothing else (research/wire 3.9)."""
    body, _ = sent("short_tool_ids: true")
    again, _ = sent("short_tool_ids: true")
    assert body["messages"] == again["messages"], (body, again)
    messages = body["messages"]
    calls = [m["tool_calls"][0]["id"] for m in messages if m.get("tool_calls")]
    assert len(set(calls)) == 2 and all(re.fullmatch("[A-Za-z0-9]{9}", id_) for id_ in calls), calls
    assert [m["tool_call_id"] for m in messages if m["role"] == "tool"] == calls, messages
    body, _ = sent("")
    assert [m["tool_call_id"] for m in body["messages"] if m["role"] == "tool"] == ["c1", "c2"], body


def test_short_ids_for_chat_clients_whose_conversation_began_elsewhere():
    def history(first, second, own):
        calls = [{"id": id_, "type": "function", "function": {"name": "clock", "arguments": '{"id": "call_a"}'}} for id_ in (first, second, own)]
        return [{"role": "user", "content": "hello, call_a"}, {"role": "assistant", "content": None, "tool_calls": calls},
                *({"role": "tool", "tool_call_id": id_, "content": "12:30"} for id_ in (second, own, first))]

    for quirks in ("", "short_tool_ids: true", "short_tool_ids: true, reasoning_content: true"):
        mock = Mock("cheap,1,2")
        gateway = speaking(mock, "openai", quirks=quirks)
        with running(mock, gateway):
            for turn, stream in enumerate((False, True)):
                asked = history("call_a", "toolu_01AbcdEf", "Ab3dE6gH9")
                status, headers, data = gateway.chat({"model": "cheap", "messages": asked, "stream": stream}, key=KEY)
                assert status == 200 and "x-steelyard-dropped-fields" not in headers, data
                seen = json.loads(mock.requests(1 + turn)[-1]["body"])["messages"]
                ids = [call["id"] for call in seen[1]["tool_calls"]]
                assert all(re.fullmatch("[A-Za-z0-9]{9}", id_) for id_ in ids) if quirks else ids[0] == "call_a", seen
                assert len(set(ids)) == 3 and ids[2] == "Ab3dE6gH9", ids
                assert [{k: v for k, v in m.items() if k != "reasoning_content"} for m in seen] == history(*ids), seen
                assert ("reasoning_content" in seen[1]) == ("reasoning_content" in quirks), seen
                first = ids if stream is False else first
                assert ids == first, "the same in every turn"


def test_codex_developer_messages_are_system_messages_to_chat():
    mock = Mock("cheap,1,2")
    gateway = speaking(mock, "openai")
    with running(mock, gateway):
        items = [{"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
                 {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}]
        status, _, data = gateway.chat({"model": "cheap", "input": items}, path="/v1/responses", key=KEY)
        assert status == 200, data
        assert [m["role"] for m in json.loads(mock.requests(1)[0]["body"])["messages"]] == ["system", "user"]


def test_chat_clients_turns_with_calls_get_an_empty_thought_where_one_is_wanted():
    calls = [{"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}]
    history = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": None, "tool_calls": calls},
               {"role": "tool", "tool_call_id": "c1", "content": "12:30"}, {"role": "assistant", "tool_calls": calls, "reasoning_content": "Hm."},
               {"role": "tool", "tool_call_id": "c1", "content": "12:31"}]
    for quirks, wanted in (("", [None, "Hm."]), ("reasoning_content: true", ["", "Hm."])):
        mock = Mock("cheap,1,2")
        gateway = speaking(mock, "openai", quirks=quirks)
        with running(mock, gateway):
            for stream in (False, True):
                status, _, data = gateway.chat({"model": "cheap", "messages": history, "stream": stream}, key=KEY)
                assert status == 200, data
                seen = json.loads(mock.requests(1 + stream)[-1]["body"])["messages"]
                assert [m.get("reasoning_content") for m in seen if m["role"] == "assistant"] == wanted, seen
                assert [{k: v for k, v in m.items() if v != ""} for m in seen] == history, seen


def test_a_providers_own_head_fields_go_with_every_request():
    mock = Mock("cheap,1,2")
    gateway = speaking(mock, "openai", quirks='}, headers: { x-title: search, x-house: "${env:TEST_PROVIDER_KEY}" ')
    with running(mock, gateway):
        assert gateway.chat({"model": "cheap", "messages": [{"role": "user", "content": "hello"}]})[0] == 200
        [seen] = [request for request in mock.requests() if request["method"] == "POST"]
        fields = dict(seen["headers"])
        assert fields["x-title"] == "search" and fields["x-house"] == "sk-provider-canary", fields
        assert fields["authorization"] == "Bearer sk-provider-canary", fields


def test_a_providers_own_members_go_into_every_body_unless_the_client_says_them():
    body = "}, body: { enable_thinking: false, provider: { order: [groq, \"on\"], ratio: 0.5 }, note: \"a \\\"b\\\"\", nothing: null "
    fixed = {"enable_thinking": False, "provider": {"order": ["groq", "on"], "ratio": 0.5}, "note": 'a "b"', "nothing": None}
    hello = [{"role": "user", "content": "hello"}]
    paths = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "responses": "/v1/responses"}
    asked = {"openai": {"messages": hello}, "anthropic": {"messages": hello, "max_tokens": 9}, "responses": {"input": hello, "store": False}}
    for spoken in paths:
        mock = Mock("cheap,1,2")
        gateway = speaking(mock, spoken, quirks=body)
        with running(mock, gateway):
            def sent(dialect, **fields):
                status, headers, data = gateway.chat({"model": "cheap", **asked[dialect], **fields}, path=paths[dialect], key=KEY)
                assert status == 200, (spoken, dialect, data)
                assert fields or "x-steelyard-dropped-fields" not in headers, headers
                return json.loads([r for r in mock.requests() if r["method"] == "POST"][-1]["body"])

            for dialect in paths:
                for stream in (False, True):
                    seen = sent(dialect, stream=stream)
                    assert {key: seen.get(key, "none") for key in fixed} == fixed, (spoken, dialect, seen)
            seen = sent(spoken, provider={"only": ["mine"]}, enable_thinking=True)
            assert seen == {**seen, **fixed, "provider": {"only": ["mine"]}, "enable_thinking": True}, seen
            assert seen["model"] == "cheap"


def test_verbosity_of_responses_goes_on_to_openais_own_chat():
    """Codex always sends it; who is not OpenAI may refuse what it does not know."""
    for quirk, verbosity in (("max_completion_tokens: true", "low"), ("", None)):
        mock = Mock("cheap,1,2")
        gateway = speaking(mock, "openai", quirks=quirk)
        with running(mock, gateway):
            status, headers, data = gateway.chat({"model": "cheap", "input": "hi", "text": {"verbosity": "low"}}, path="/v1/responses")
            assert status == 200, data
            assert json.loads(mock.requests(1)[0]["body"]).get("verbosity") == verbosity, mock.requests(1)
            assert ("field.verbosity" in headers.get("x-steelyard-dropped-fields", "")) == (verbosity is None), headers


if __name__ == "__main__":
    Cases(globals()).run()
