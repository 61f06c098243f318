#!/usr/bin/env python3
"""`steelyard mock` as Amazon Bedrock, behind the gateway: what clients get, what both bill, and every way a binary stream fails."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import CATALOG, KEY, Cases, Gateway, Mock, config, events, message, running  # noqa: E402

TOOLS = [{"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}},
                                                                          "required": ["zone"]}}}]


def behind(mock, more="", model="cheap"):
    text = config({"one": (mock.port, ["cheap"])}, budgets="[{ limit: $10, per: month }]", more=more)
    text = text.replace("one: { base_url", f"one: {{ dialect: converse, region: us-east-1, rename: {{ cheap: \"{model}\" }}, base_url")
    return Gateway(text.replace("/v1\"", "\""), CATALOG, None, {"TEST_PROVIDER_KEY": "x"})


def test_answers_and_bills_agree():
    name = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    mock = Mock(f"{name},1,2,1", reasoning_tokens=7)
    gateway = behind(mock, model=name)
    with running(mock, gateway):
        for stream in (False, True):
            more = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
            status, _, data = gateway.chat(message("Tell me something.", **more))
            assert status == 200, data
            if stream:
                chunks = [json.loads(line) for line in events(data)[:-1]]
                text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
                usage = chunks[-1]["usage"]
            else:
                answer = json.loads(data)
                text, usage = answer["choices"][0]["message"]["content"], answer["usage"]
            assert len(text.split()) > 3 and usage["completion_tokens"] > 7, data
        spent = sum(r["spend_nano_usd"] for r in gateway.receipts(2))
        assert str(spent) in json.dumps(mock.bill()), (spent, mock.bill())


def test_tools():
    mock = Mock("cheap,1,2", answer="tool_call")
    gateway = behind(mock)
    with running(mock, gateway):
        for stream in (False, True):
            status, _, data = gateway.chat(message(tools=TOOLS, stream=stream))
            assert status == 200 and b"tool_calls" in data, data
            if not stream:
                call = json.loads(data)["choices"][0]["message"]["tool_calls"][0]
                assert "zone" in json.loads(call["function"]["arguments"]), call


def test_every_way_a_stream_fails():
    for fault in ("cut", "error_event", "bad_body", "no_finish", "reset"):
        mock = Mock("cheap,1,2", fault=fault, after_chunks=2, tokens_per_chunk=1, interval_ms=20)
        gateway = behind(mock, more="retry: { attempts: 1 }")
        with running(mock, gateway):
            _, _, data = gateway.chat(message(stream=True))
            last = json.loads(events(data)[-1] if events(data) else data)
            assert "error" in last, (fault, data)
            body = {"model": "auto", "max_tokens": 50, "stream": True, "messages": [{"role": "user", "content": "hello"}]}
            _, _, data = gateway.chat(body, key=None, path="/v1/messages", headers={"x-api-key": KEY, "anthropic-version": "2023-06-01"})
            last = json.loads(events(data)[-1] if events(data) else data)
            assert last["type"] == "error", (fault, data)
    # No figures behind the stop: a whole answer, booked by its bytes.
    mock = Mock("cheap,1,2", fault="no_done")
    gateway = behind(mock)
    with running(mock, gateway):
        _, _, data = gateway.chat(message(stream=True))
        assert events(data)[-1] == "[DONE]", data
        [receipt] = gateway.receipts(1)
        assert receipt["usage_source"] == "estimated" and receipt["spend_nano_usd"] > 0, receipt


def test_statuses():
    for status, told in ((429, 429), (503, 503), (404, 404), (400, 400)):
        mock = Mock("cheap,1,2", status=status)
        gateway = behind(mock, more="retry: { attempts: 1 }")
        with running(mock, gateway):
            got, _, data = gateway.chat(message())
            assert got == told, (status, got, data)
            assert mock.requests(1)[0]["target"] == "/model/cheap/converse"


if __name__ == "__main__":
    Cases(globals()).run()
