#!/usr/bin/env python3
"""`responses` of the official OpenAI SDK for Python, unmodified, before a provider of each dialect: whole, streamed, and a
tool loop that ends."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import sdk_venv  # noqa: E402

sdk_venv.inside("openai", "3.54.0", "openai-python")

import openai  # noqa: E402
from anthropic_provider import Anthropic, anthropic_gateway  # noqa: E402
from gateway import KEY, Cases, Mock, running, speaking, start  # noqa: E402
from responses_provider import Responses, responses_gateway  # noqa: E402

CLOCK = {"type": "function", "name": "clock", "strict": False,
         "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}}


def client_of(gateway, key=KEY):
    return openai.OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key=key)


def chat_provider(**parts):
    mock = Mock("cheap,1,2")
    return mock, start({"one": (mock.port, ["*"])}, budgets=parts.pop("budgets", "[{ limit: $10, per: month }]"), **parts)


def anthropic_provider():
    provider = Anthropic()
    return provider, anthropic_gateway(provider)


def own_provider():
    provider = Responses()
    return provider, responses_gateway(provider)


def own_mock():
    mock = Mock("cheap,1,2", reasoning_tokens=4)
    return mock, speaking(mock, "responses")


EACH = (chat_provider, anthropic_provider, own_provider, own_mock)


def calls_tool(provider, yes):
    if isinstance(provider, Mock):
        provider.behave(answer="tool_call" if yes else "text")


def test_whole_answers():
    for make in EACH:
        provider, gateway = make()
        with running(provider, gateway):
            raw = client_of(gateway).responses.with_raw_response.create(model="auto", input="hello", instructions="Be kind.")
            answer = raw.parse()
            assert answer.output_text and answer.status in ("completed", "incomplete"), answer
            assert answer.usage.output_tokens > 0 and answer.usage.input_tokens > 0, answer.usage
            assert raw.headers["x-steelyard-model"] == "cheap" and answer.id.startswith("resp_")


def test_streams_put_together_by_the_sdk():
    for make in EACH:
        provider, gateway = make()
        with running(provider, gateway):
            with client_of(gateway).responses.stream(model="auto", input="hello") as stream:
                text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
                final = stream.get_final_response()
            assert text and final.output_text == text, (text, final)
            assert final.usage.total_tokens == final.usage.input_tokens + final.usage.output_tokens > 0


def test_a_tool_loop():
    for make in EACH:
        provider, gateway = make()
        client = client_of(gateway)
        with running(provider, gateway):
            calls_tool(provider, True)
            with client.responses.stream(model="auto", input="hello", tools=[CLOCK], store=False) as stream:
                pieces = [event for event in stream if event.type == "response.function_call_arguments.delta"]
                first = stream.get_final_response()
            [call] = [item for item in first.output if item.type == "function_call"]
            assert call.name == "clock" and isinstance(json.loads(call.arguments), dict), call
            assert "".join(event.delta for event in pieces) == call.arguments, pieces
            calls_tool(provider, False)
            turns = [{"role": "user", "content": "hello"}, *[item.to_dict() for item in first.output],
                     {"type": "function_call_output", "call_id": call.call_id, "output": "12:30"}]
            last = client.responses.create(model="auto", input=turns, tools=[CLOCK], store=False)
            assert last.output_text, last


def test_structured_output():
    import pydantic

    class Answer(pydantic.BaseModel):
        city: str

    mock, gateway = chat_provider()
    with running(mock, gateway):
        mock.behave(answer="json")
        with client_of(gateway).responses.stream(model="auto", input="hello", text_format=Answer) as stream:
            final = stream.get_final_response()
        sent = json.loads([r for r in mock.requests() if r["method"] == "POST"][-1]["body"])
        schema = sent["response_format"]["json_schema"]
        assert schema["strict"] is True and schema["schema"]["properties"]["city"], sent
        assert isinstance(final.output_parsed.city, str), final


def test_signs_of_life_mean_nothing():
    mock = Mock("cheap,1,2", output_tokens=4, interval_ms=350)
    gateway = speaking(mock, "responses", more="timeouts: { stream_ping: 100ms }")
    with running(mock, gateway):
        with client_of(gateway).responses.stream(model="cheap", input="hello") as stream:
            kinds = [event.type for event in stream]
            assert stream.get_final_response().output_text and kinds[-1] == "response.completed", kinds


def test_errors_have_their_classes():
    mock, gateway = chat_provider(budgets="[{ limit: $0.000001, per: month }]")
    client = client_of(gateway)
    with running(mock, gateway):
        for how, kind in ((dict(model="nope", input="x"), openai.BadRequestError),
                          (dict(model="auto", input=[{"role": "nobody", "content": "x"}]), openai.BadRequestError),
                          (dict(model="auto", input="x"), openai.RateLimitError)):
            try:
                client.responses.create(**how)
                raise AssertionError(f"no error: {kind}")
            except kind as error:
                assert error.message
        try:
            client_of(gateway, "sk-no").responses.create(model="auto", input="x")
            raise AssertionError("no error")
        except openai.AuthenticationError:
            pass
        receipts = gateway.receipts(4)
        assert sum(1 for r in receipts if r["error_class"] == "over_budget") == 1, receipts
        assert {r["call_type"] for r in receipts} == {"responses"}, receipts


def test_a_broken_stream_is_not_a_success():
    for make, broken in ((chat_provider, lambda p: p.behave(fault="cut", after_chunks=2, output_tokens=9, interval_ms=5)),
                         (own_provider, lambda p: setattr(p, "end", "cut"))):
        provider, gateway = make()
        with running(provider, gateway):
            broken(provider)
            events = list(client_of(gateway).responses.create(model="cheap", input="hello", stream=True))
            assert [e.type for e in events[-2:]] == ["error", "response.failed"], events[-2:]
            assert events[-1].response.status == "failed" and events[-1].response.error.message, events[-1]


if __name__ == "__main__":
    Cases(globals()).run()
