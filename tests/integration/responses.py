#!/usr/bin/env python3
"""OpenAI's Responses at both ends: clients of /v1/responses, providers that speak it, and all pairs with Chat and Messages."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anthropic_provider import BLOCKS, Anthropic, anthropic_gateway  # noqa: E402
from gemini_provider import CALLS, Gemini, gemini_gateway  # noqa: E402
from gateway import CATALOG, KEY, Cases, Gateway, Mock, config, events, message, running, start  # noqa: E402
from responses_provider import REASONING, Responses, responses_gateway  # noqa: E402

CLOCK = {"type": "function", "name": "clock", "parameters": {"type": "object"}, "strict": False}
EXEC = {"type": "custom", "name": "exec", "description": "Runs a command.",
        "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}}
SPACE = {"type": "namespace", "name": "team", "tools": [EXEC, CLOCK]}


def ask(text="hello", **fields):
    return {"model": "auto", "input": text, **fields}


def responses(gateway, body, **headers):
    return gateway.chat(body, path="/v1/responses", headers=headers)


def typed(data):
    """The events of a stream; checks what every client relies on."""
    found = [json.loads(line) for line in events(data)]
    names = [line[7:] for line in data.decode().split("\n") if line.startswith("event: ")]
    assert names == [event["type"] for event in found], names
    assert [event["sequence_number"] for event in found] == list(range(len(found))), found
    return found


def items_of(found):
    """The items a client puts together; each event must name the item it belongs to by index and id."""
    items, ids = {}, {}
    for event in found:
        kind, index = event["type"], event.get("output_index")
        if kind == "response.output_item.added":
            assert index == len(ids), event
            ids[index] = event["item"]["id"]
        elif kind == "response.output_item.done":
            assert event["item"]["id"] == ids[index], event
            items[index] = event["item"]
        elif index is not None:
            assert event["item_id"] == ids[index], event
    return [items[i] for i in sorted(items)]


def chat_provider(**behaviour):
    mock = Mock("cheap,1,2", **behaviour)
    return mock, start({"one": (mock.port, ["*"])}, budgets="[{ limit: $10, per: month }]")


def test_a_client_of_a_chat_provider_whole():
    mock, gateway = chat_provider()
    with running(mock, gateway):
        status, headers, data = responses(gateway, ask(instructions="Be kind.", store=True, max_output_tokens=40))
        assert status == 200, data
        answer = json.loads(data)
        assert answer["object"] == "response" and answer["status"] in ("completed", "incomplete"), answer
        assert answer["id"].startswith("resp_") and answer["instructions"] == "Be kind." and answer["store"] is False
        [item] = answer["output"]
        assert item["type"] == "message" and item["content"][0]["type"] == "output_text" and item["content"][0]["text"]
        assert headers["x-steelyard-dropped-fields"] == "store", headers
        [seen] = [r for r in mock.requests() if r["method"] == "POST"]
        sent = json.loads(seen["body"])
        assert sent["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hello"}], sent
        assert sent["max_completion_tokens" if "max_completion_tokens" in sent else "max_tokens"] == 40, sent
        [receipt] = gateway.receipts(1)
        cost = answer["usage"]["input_tokens"] * 1000 + answer["usage"]["output_tokens"] * 2000
        assert receipt["spend_nano_usd"] == cost == mock.bill()["total"]["nano_usd"], receipt
        assert receipt["call_type"] == "responses" and receipt["client_dialect"] == "responses", receipt


def test_a_client_of_a_chat_provider_streamed():
    mock, gateway = chat_provider()
    with running(mock, gateway):
        status, headers, data = responses(gateway, ask(stream=True))
        assert status == 200 and headers["content-type"].startswith("text/event-stream"), (headers, data)
        found = typed(data)
        kinds = [event["type"] for event in found]
        assert kinds[:4] == ["response.created", "response.in_progress", "response.output_item.added",
                             "response.content_part.added"], kinds
        assert kinds[-4:] == ["response.output_text.done", "response.content_part.done", "response.output_item.done",
                              "response.completed"], kinds
        text = "".join(e["delta"] for e in found if e["type"] == "response.output_text.delta")
        final = found[-1]["response"]
        assert items_of(found) == final["output"] and final["output"][0]["content"][0]["text"] == text
        [receipt] = gateway.receipts(1)
        usage = final["usage"]
        assert receipt["spend_nano_usd"] == usage["input_tokens"] * 1000 + usage["output_tokens"] * 2000 > 0
        assert receipt["spend_nano_usd"] == mock.bill()["total"]["nano_usd"]


def test_a_tool_loop_with_a_chat_provider():
    for tool, kind, field, space in ((CLOCK, "function_call", "arguments", None), (SPACE, "custom_tool_call", "input", "team")):
        mock, gateway = chat_provider()
        with running(mock, gateway):
            mock.behave(answer="tool_call")
            status, _, data = responses(gateway, ask(tools=[tool], stream=True))
            assert status == 200, data
            found = typed(data)
            [call] = [item for item in items_of(found) if item["type"] == kind]
            assert call["name"] in ("clock", "exec") and call.get("namespace") == space, call
            assert isinstance(call[field], str) and found[-1]["response"]["output"][-1] == call
            mock.behave(answer="text")
            turn = [{"role": "user", "content": "hello"}, *found[-1]["response"]["output"],
                    {"type": kind + "_output", "call_id": call["call_id"], "output": "12:30"}]
            status, _, data = responses(gateway, ask(turn, tools=[tool]))
            assert status == 200 and json.loads(data)["output"][0]["type"] == "message", data
            sent = json.loads(mock.requests()[-1]["body"])
            assert sent["messages"][-1] == {"role": "tool", "tool_call_id": call["call_id"], "content": "12:30"}, sent
            name = sent["messages"][1]["tool_calls"][0]["function"]["name"]
            assert name == sent["tools"][0]["function"]["name"] == ("team__exec" if space else "clock"), sent


def test_a_client_of_an_anthropic_provider():
    provider = Anthropic()
    gateway = anthropic_gateway(provider)
    with running(provider, gateway):
        for stream in (False, True):
            status, headers, data = responses(gateway, ask(tools=[CLOCK], top_logprobs=2, stream=stream))
            assert status == 200 and headers["x-steelyard-dropped-fields"] == "logprobs", (headers, data)
            found = typed(data) if stream else []
            answer = found[-1]["response"] if stream else json.loads(data)
            reasoning, words, call = answer["output"]
            assert reasoning["type"] == "reasoning" and reasoning["summary"][0]["text"] == "Hm.", reasoning
            assert words["content"][0]["text"] == "It is 12:30."
            assert call["call_id"] == "toolu_1" and json.loads(call["arguments"]) == {"zone": "UTC"}
            assert answer["usage"]["input_tokens"] == 420 and answer["usage"]["output_tokens"] == 50, answer["usage"]
            assert answer["usage"]["input_tokens_details"]["cached_tokens"] == 300
            # The next turn, as the client would send it: the thinking comes back with its own signature.
            turn = [{"role": "user", "content": "hello"}, *answer["output"],
                    {"type": "function_call_output", "call_id": "toolu_1", "output": [{"type": "input_text", "text": "12:30"}]}]
            status, _, data = responses(gateway, ask(turn, tools=[CLOCK]))
            assert status == 200, data
            sent = json.loads(provider.requests[-1][2])
            assert sent["messages"][1]["content"] == BLOCKS, sent
            assert sent["messages"][2]["content"][0]["tool_use_id"] == "toolu_1", sent


def test_a_client_of_a_gemini_provider():
    provider = Gemini()
    gateway = gemini_gateway(provider)
    with running(provider, gateway):
        for stream in (False, True):
            status, _, data = responses(gateway, ask(tools=[CLOCK], stream=stream))
            assert status == 200, data
            answer = typed(data)[-1]["response"] if stream else json.loads(data)
            # The first call is signed: its signature travels as an item before it.
            kinds = [item["type"] for item in answer["output"]]
            assert kinds == ["reasoning", "message", "reasoning", "function_call", "function_call"], kinds
            assert answer["usage"]["input_tokens"] == 420 and answer["usage"]["output_tokens"] == 50, answer["usage"]
            turn = [{"role": "user", "content": "hello"}, *answer["output"],
                    *({"type": "function_call_output", "call_id": call, "output": "12:30"} for call in ("fc_1", "fc_2"))]
            status, _, data = responses(gateway, ask(turn, tools=[CLOCK]))
            assert status == 200, data
            sent = json.loads(provider.requests[-1][2])["contents"]
            assert sent[1]["parts"] == [{"text": "It is 12:30."}, *CALLS], sent
            assert len(sent[2]["parts"]) == 2 and sent[2]["parts"][0]["functionResponse"]["name"] == "clock", sent


def test_a_gemini_client_of_a_responses_provider():
    provider = Responses()
    gateway = responses_gateway(provider)
    tools = [{"functionDeclarations": [{"name": "clock", "parameters": {"type": "OBJECT", "properties": {"zone": {"type": "STRING"}}}}]}]
    body = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}], "tools": tools}
    with running(provider, gateway):
        for path in ("generateContent", "streamGenerateContent?alt=sse"):
            status, _, data = gateway.chat(body, key=None, path=f"/v1beta/models/cheap:{path}", headers={"x-goog-api-key": KEY})
            assert status == 200, data
            found = [json.loads(line) for line in events(data.replace(b"\r", b""))] if "stream" in path else [json.loads(data)]
            parts = [part for d in found for part in d["candidates"][0]["content"].get("parts", [])]
            [call] = [part["functionCall"] for part in parts if "functionCall" in part]
            assert call["name"] == "clock" and call["args"] == {"zone": "UTC"}, parts
            assert "".join(p["text"] for p in parts if "text" in p and not p.get("thought")) == "It is 12:30.", parts
        turn = {**body, "contents": body["contents"] + [
            {"role": "model", "parts": parts},
            {"role": "user", "parts": [{"functionResponse": {"id": call.get("id"), "name": "clock", "response": {"output": "12:30"}}}]}]}
        status, _, data = gateway.chat(turn, key=None, path="/v1beta/models/cheap:generateContent", headers={"x-goog-api-key": KEY})
        assert status == 200 and "Done" in json.dumps(json.loads(data)), data
        items = json.loads(provider.requests[-1][2])["input"]
        calls = [i for i in items if i["type"].startswith("function_call")]
        assert [i["type"] for i in calls] == ["function_call", "function_call_output"], items
        assert calls[0]["call_id"] == calls[1]["call_id"], calls


def test_responses_to_responses_is_byte_faithful():
    provider = Responses()
    gateway = responses_gateway(provider)
    with running(provider, gateway):
        body = ('{ "zz":[1.50], "max_output_tokens":400,  "input":[{"role":"user","content":[{"type":"input_text",'
                '"text":"h\\u00e9"}]},{"type":"new_item","x":1}],"model":"auto","previous_response_id":"resp_1"}')
        assert responses(gateway, ask())[0] == 200  # makes resp_1
        status, headers, data = responses(gateway, body)
        assert status == 200 and data == provider.told, data
        path, seen, sent = provider.requests[-1]
        assert path == "/v1/responses" and sent.decode() == body.replace('"auto"', '"cheap"'), sent
        assert seen["authorization"] == "Bearer sk-provider-canary"
        assert "x-steelyard-dropped-fields" not in headers
        status, _, data = responses(gateway, ask(stream=True))
        assert status == 200 and data == provider.told, data
        assert json.loads(provider.requests[-1][2])["max_output_tokens"] > 0  # what the budget allows
        _, first, second = gateway.receipts(3)
        assert first["spend_nano_usd"] == second["spend_nano_usd"] > 0, (first, second)
        assert first["upstream_dialect"] == "responses", first


def test_a_chat_client_of_a_responses_provider():
    provider = Responses()
    gateway = responses_gateway(provider)
    tools = [{"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}]
    with running(provider, gateway):
        status, headers, data = gateway.chat(message(tools=tools, seed=7, reasoning_effort="low"))
        assert status == 200 and headers["x-steelyard-dropped-fields"] == "seed", (headers, data)
        choice = json.loads(data)["choices"][0]
        assert choice["finish_reason"] == "tool_calls" and choice["message"]["content"] == "It is 12:30."
        [call] = choice["message"]["tool_calls"]
        assert call["id"] == "call_1" and json.loads(call["function"]["arguments"]) == {"zone": "UTC"}
        sent = json.loads(provider.requests[-1][2])
        assert sent["store"] is False and sent["include"] == ["reasoning.encrypted_content"], sent
        assert sent["tools"] == [{"type": "function", "name": "clock", "parameters": {"type": "object"}, "strict": False}]
        turn = [{"role": "user", "content": "hello"}, choice["message"],
                {"role": "tool", "tool_call_id": "call_1", "content": "12:30"}]
        status, _, data = gateway.chat({**message(tools=tools), "messages": turn})
        assert status == 200 and "Done" in json.loads(data)["choices"][0]["message"]["content"], data
        items = json.loads(provider.requests[-1][2])["input"]
        assert [i["type"] for i in items] == ["message", "reasoning", "message", "function_call", "function_call_output"], items
        assert items[1]["encrypted_content"] == REASONING["encrypted_content"], items[1]
        status, _, data = gateway.chat(message(stream=True, stream_options={"include_usage": True}))
        chunks = events(data)
        assert status == 200 and chunks[-1] == "[DONE]", data
        usage = json.loads(chunks[-2])["usage"]
        assert usage["prompt_tokens"] == 420 and usage["completion_tokens"] == 50, usage


def test_an_anthropic_client_of_a_responses_provider():
    provider = Responses()
    gateway = responses_gateway(provider)
    head = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    body = {"model": "auto", "max_tokens": 4000, "messages": [{"role": "user", "content": "hello"}],
            "thinking": {"type": "adaptive"}, "tools": [{"name": "clock", "input_schema": {"type": "object"}}]}
    with running(provider, gateway):
        status, _, data = gateway.chat({**body, "stream": True}, key=None, path="/v1/messages", headers=head)
        found = [json.loads(line) for line in events(data)]
        assert status == 200 and found[-1]["type"] == "message_stop", data
        status, _, data = gateway.chat(body, key=None, path="/v1/messages", headers=head)
        answer = json.loads(data)
        assert [b["type"] for b in answer["content"]] == ["thinking", "text", "tool_use"] and answer["stop_reason"] == "tool_use"
        # OpenAI's state is carried by a client that knows nothing of it, with a mark whose it is.
        assert answer["content"][0]["signature"].startswith("sy1.openai.gAAA==."), answer
        turns = [*body["messages"], {"role": "assistant", "content": answer["content"]},
                 {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "12:30"}]}]
        status, _, data = gateway.chat({**body, "messages": turns}, key=None, path="/v1/messages", headers=head)
        assert status == 200 and "Done" in json.loads(data)["content"][0]["text"], data
        items = json.loads(provider.requests[-1][2])["input"]
        assert items[1]["type"] == "reasoning" and items[1]["encrypted_content"] == "gAAA==", items


def test_errors_come_in_the_clients_dialect():
    provider = Responses()
    gateway = responses_gateway(provider, more="retry: { attempts: 1 }")
    with running(provider, gateway):
        status, _, data = responses(gateway, ask(model="no-such-model"))
        assert status == 400 and json.loads(data)["error"]["code"] == "model_not_found", (status, data)
        status, _, data = responses(gateway, '{"model":"auto","input":[{"type":"function_call","call_id":"a","name":"f"}]}')
        assert status == 400 and json.loads(data)["error"]["message"] == "`/input/0/arguments` must be a string", data
        status, _, data = responses(gateway, ask(background=True))
        assert status == 400 and "/background" in json.loads(data)["error"]["message"], data
        provider.status = 429
        status, _, data = responses(gateway, ask())
        assert status == 429 and data == provider.told, (status, data)
        refused = gateway.receipts(4)[0]
        assert refused["call_type"] == "responses" and refused["client_dialect"] == "responses", refused


def test_what_is_kept_by_nobody_is_not_found():
    mock, gateway = chat_provider()
    with running(mock, gateway):
        for more in ({"previous_response_id": "resp_1"}, {"conversation": "conv_1"}, {"conversation": {"id": "conv_1"}},
                     {"input": [{"type": "item_reference", "id": "msg_1"}]},
                     {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}, {"role": "user", "content": "go on"}]}):
            status, headers, data = responses(gateway, ask(**more))
            [field] = more
            error = json.loads(data)["error"]
            assert status == 404 and f"`/{field}`" in error["message"], data
            assert error["code"] == "previous_response_not_found" and headers["x-should-retry"] == "false", data
        assert mock.bill()["total"]["nano_usd"] == 0
        assert {r["error_class"] for r in gateway.receipts(5)} == {"not_kept"}


def test_what_one_team_made_is_not_there_for_another():
    import hashlib
    other_key, mate_key = "sk-other-" + "1" * 32, "sk-mate-" + "2" * 32
    digests = [hashlib.sha256(k.encode()).hexdigest() for k in (other_key, mate_key)]
    provider = Responses("resp_mine")
    text = config({"one": (provider.port, ["*"])}).replace("one: { base_url", "one: { dialect: responses, base_url")
    text = text.replace(', explain: true }]', f', explain: true }}, {{ id: mate, sha256: "{digests[1]}" }}]\n      sales:\n'
                        f'        keys: [{{ id: other, sha256: "{digests[0]}" }}]')
    text += "ledger: { directory: books }\n"
    gateway = Gateway(text, CATALOG, None, {"TEST_PROVIDER_KEY": "x"})
    with running(provider, gateway):
        def go_on(key, **more):
            return gateway.chat(ask(model="cheap", **more), key=key, path="/v1/responses")[0]

        def by_reference(key, item):
            return go_on(key, input=[{"type": "item_reference", "id": item}])

        assert go_on(KEY) == 200
        for again in range(2):
            before = len(provider.requests)
            assert go_on(other_key, previous_response_id="resp_mine") == 404
            assert by_reference(other_key, "msg_1") == 404
            bare = [{"type": "reasoning", "id": "rs_1", "summary": []}, {"role": "user", "content": "go on"}]
            assert go_on(other_key, input=bare) == 404
            assert len(provider.requests) == before, "it went out"
            for key in (KEY, mate_key):
                assert go_on(key, previous_response_id="resp_mine") == 200
                assert by_reference(key, "msg_1") == 200 and go_on(key, input=bare) == 200
            assert go_on(KEY, previous_response_id="resp_unknown") == 404
            if again == 0:  # who made what survives a restart
                gateway.stop()
                gateway.start()


def test_a_stored_answer_is_continued_where_it_is_kept():
    first, second, foreign = Responses("resp_first"), Responses("resp_second"), Mock("cheap,1,2")
    text = config({"one": (first.port, ["*"]), "two": (second.port, ["*"]), "chat": (foreign.port, ["*"])}, workers=2)
    for name in ("one", "two"):
        text = text.replace(f"{name}: {{ base_url", f"{name}: {{ dialect: responses, base_url")
    gateway = Gateway(text, CATALOG, None, {"TEST_PROVIDER_KEY": "x"})
    with running(first, second, foreign, gateway):
        def go_on(previous, **more):
            status, headers, data = responses(gateway, ask(model="cheap", previous_response_id=previous, **more))
            assert status == 200, data
            return headers["x-steelyard-provider"]

        # Each answers once while the others fail; one of them streams.
        for mine, other, name, stream in ((first, second, "one", False), (second, first, "two", True)):
            other.status = 500
            foreign.behave(status=500)
            status, headers, data = responses(gateway, ask(model="cheap", stream=stream))
            assert status == 200 and headers["x-steelyard-provider"] == name, (headers, data)
            other.status = 200
            foreign.behave(status=0)
        for _ in range(6):  # new connections, so either worker
            assert go_on("resp_first") == "one" and go_on("resp_second") == "two"
        # Another model of the account that keeps it may go on.
        status, headers, data = responses(gateway, ask(model="dear", previous_response_id="resp_second"))
        assert status == 200 and headers["x-steelyard-provider"] == "two" and headers["x-steelyard-model"] == "dear", (headers, data)


def test_a_failure_behind_the_first_byte_is_told():
    provider = Responses()
    gateway = responses_gateway(provider)
    with running(provider, gateway):
        provider.end = "cut"
        _, _, data = responses(gateway, ask(stream=True))
        found = typed(data)
        assert [e["type"] for e in found[-2:]] == ["error", "response.failed"], found[-3:]
        assert found[-1]["response"]["status"] == "failed" and found[-1]["response"]["id"] == "resp_1"
        provider.end = "failed"
        _, _, data = responses(gateway, ask(stream=True))
        assert data.strip() == provider.told.strip(), data
        _, _, data = gateway.chat(message(stream=True))
        assert json.loads(events(data)[-1])["error"]["message"] == "It broke.", data
        assert all(r["error_class"] for r in gateway.receipts(3)), gateway.receipts(3)
    provider = Anthropic()
    gateway = anthropic_gateway(provider)
    with running(provider, gateway):
        provider.cut = True
        _, _, data = responses(gateway, ask(stream=True))
        found = typed(data)
        assert [e["type"] for e in found[-2:]] == ["error", "response.failed"], found[-3:]


if __name__ == "__main__":
    Cases(globals()).run()
