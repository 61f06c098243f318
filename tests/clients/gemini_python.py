#!/usr/bin/env python3
"""Google's official Gen AI SDK for Python, unmodified: only base URL and key are ours. Behind the gateway once a provider
of its own dialect, once one that speaks OpenAI Chat."""
import http.client
import json
import os
import pathlib
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
VERSION = "3.4.0"
FOLDER = pathlib.Path(os.environ.get("STEELYARD_BUILD", ROOT / "build")) / f"clients/gemini-python-{VERSION}"


def inside_venv():
    """Re-runs this file with the SDK installed; the environment is kept in the build folder."""
    python = FOLDER / "bin/python"
    if not (FOLDER / "ready").exists():
        venv.create(FOLDER, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"google-genai=={VERSION}"],
                       check=True)
        (FOLDER / "ready").touch()
    os.execve(python, [str(python), __file__, *sys.argv[1:]], dict(os.environ, STEELYARD_SDK="1"))


if not os.environ.get("STEELYARD_SDK"):
    inside_venv()

from google import genai  # noqa: E402
from google.genai import errors, types  # noqa: E402
from gateway import CATALOG, KEY, Cases, Mock, running, speaking, start  # noqa: E402
from gemini_provider import CALLS, Gemini, gemini_gateway  # noqa: E402


def client_of(gateway, key=KEY):
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=f"http://127.0.0.1:{gateway.port}"))


def chat_provider(**parts):
    mock = Mock("cheap,1,2", "dear,10,20")
    gateway = start({"one": (mock.port, ["*"])}, budgets=parts.pop("budgets", "[{ limit: $10, per: month }]"), **parts)
    return mock, gateway, client_of(gateway)


def own_provider():
    provider = Gemini()
    gateway = gemini_gateway(provider)
    return provider, gateway, client_of(gateway)


def test_whole_answers():
    for make in (chat_provider, own_provider):
        provider, gateway, client = make()
        with running(provider, gateway):
            answer = client.models.generate_content(model="auto", contents="hello")
            assert answer.text and answer.candidates[0].finish_reason == types.FinishReason.STOP, answer
            assert answer.usage_metadata.prompt_token_count > 0 and answer.usage_metadata.candidates_token_count > 0, answer


def test_streams():
    for make in (chat_provider, own_provider):
        provider, gateway, client = make()
        with running(provider, gateway):
            chunks = list(client.models.generate_content_stream(model="auto", contents="hello"))
            text = "".join(chunk.text or "" for chunk in chunks)
            assert text and chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP, chunks
            assert chunks[-1].usage_metadata.prompt_token_count > 0, chunks[-1]


def test_signs_of_life_are_passed_over():
    mock = Mock("cheap,1,2", interval_ms=350, output_tokens=4)
    gateway = start({"one": (mock.port, ["*"])}, more="timeouts: { stream_ping: 100ms }")
    client = client_of(gateway)
    with running(mock, gateway):
        chunks = list(client.models.generate_content_stream(model="cheap", contents="hello"))
        assert "".join(chunk.text or "" for chunk in chunks) and all(chunk.candidates for chunk in chunks), chunks
        assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP, chunks
        # They were there.
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
        connection.request("POST", "/v1beta/models/cheap:streamGenerateContent?alt=sse", '{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}',
                           {"x-goog-api-key": KEY, "content-type": "application/json"})
        assert b"}\r\n\r\n\r\n" in connection.getresponse().read()
        connection.close()


def test_a_tool_loop_of_the_sdk_itself():
    """The SDK calls the function and asks again, until there is an answer."""
    provider, gateway, client = own_provider()
    asked = []

    def clock(zone: str) -> str:
        """The time in a zone."""
        asked.append(zone)
        return "12:30"

    config = types.GenerateContentConfig(tools=[clock])
    with running(provider, gateway):
        answer = client.models.generate_content(model="auto", contents="what time is it?", config=config)
        assert answer.text == "It is 12:30." and asked == ["UTC", "CET"], (answer, asked)
        turn = json.loads(provider.requests[-1][2])["contents"]
        assert turn[-2]["parts"][-2]["thoughtSignature"] == CALLS[0]["thoughtSignature"], turn
    mock, gateway, client = chat_provider()

    def weather(city: str) -> str:
        """The weather of a city."""
        asked.append(city)
        mock.behave(answer="text")
        return "sunny"

    with running(mock, gateway):
        mock.behave(answer="tool_call")
        answer = client.models.generate_content(model="auto", contents="how is the weather?",
                                                config=types.GenerateContentConfig(tools=[weather]))
        assert answer.text and len(asked) == 3, (answer, asked)


def test_a_chat_with_a_stream_keeps_its_history():
    provider, gateway, client = own_provider()
    with running(provider, gateway):
        chat = client.chats.create(model="auto")
        text = "".join(chunk.text or "" for chunk in chat.send_message_stream("hello"))
        assert text == "It is 12:30.", text
        parts = [part for content in chat.get_history() for part in content.parts]
        [signed] = [part for part in parts if part.thought_signature]
        assert signed.function_call.name == "clock" and signed.thought_signature == b"Sig==", parts


def test_the_pretend_provider_of_its_own_dialect():
    catalog = CATALOG + "\n  vectors: { vendor: Test, context: 2048, can: embeddings, prices: [{ input: 5, output: 0, source: test }] }\n"
    mock = Mock("cheap,1,2", "vectors,5,0", reasoning_tokens=4)
    gateway = speaking(mock, "gemini", catalog)
    client = client_of(gateway)
    with running(mock, gateway):
        assert "models/cheap" in [m.name for m in client.models.list()]
        assert client.models.count_tokens(model="cheap", contents="hello").total_tokens > 0
        answer = client.models.generate_content(model="cheap", contents="hello")
        chunks = list(client.models.generate_content_stream(model="cheap", contents="hello"))
        assert answer.text and answer.text == "".join(c.text or "" for c in chunks), (answer, chunks)
        assert chunks[-1].usage_metadata.thoughts_token_count == 4, chunks[-1]
        mock.behave(answer="tool_call", tool_calls=2)
        tool = types.Tool(function_declarations=[types.FunctionDeclaration(
            name="clock", parameters_json_schema={"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]})])
        answer = client.models.generate_content(model="cheap", contents="hello", config=types.GenerateContentConfig(tools=[tool]))
        assert [c.args for c in answer.function_calls] == [{"zone": "mock"}] * 2, answer
        made = client.models.embed_content(model="vectors", contents=["one", "two"], config={"output_dimensionality": 3})
        assert [len(e.values) for e in made.embeddings] == [3, 3], made
        billed = [r["spend_nano_usd"] for r in gateway.receipts() if r["call_type"] == "generate_content"]
        assert sum(billed) == mock.bill()["models"]["cheap"]["nano_usd"], (billed, mock.bill())


def test_embeddings_of_an_openai_provider():
    catalog = CATALOG + "\n  vectors: { vendor: Test, context: 2048, can: embeddings, prices: [{ input: 5, output: 0, source: test }] }\n"
    mock = Mock("vectors,5,0")
    gateway = speaking(mock, "openai", catalog)
    client = client_of(gateway)  # one that nobody holds is closed
    with running(mock, gateway):
        made = client.models.embed_content(model="vectors", contents=["one", "two"])
        assert [len(e.values) for e in made.embeddings] == [8, 8], made
        assert sum(r["spend_nano_usd"] for r in gateway.receipts()) == mock.bill()["total"]["nano_usd"] > 0


def test_signs_of_life_mean_nothing():
    mock = Mock("cheap,1,2", output_tokens=4, interval_ms=350)
    gateway = speaking(mock, "gemini", more="timeouts: { stream_ping: 100ms }")
    client = client_of(gateway)
    with running(mock, gateway):
        chunks = list(client.models.generate_content_stream(model="cheap", contents="hello"))
        assert "".join(c.text or "" for c in chunks) and chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP, chunks


def test_errors_have_their_classes():
    mock, gateway, client = chat_provider(budgets="[{ limit: $0.000001, per: month }]", more="retry: { attempts: 1 }")
    with running(mock, gateway):
        for model, code, status in (("nope", 404, "NOT_FOUND"), ("auto", 429, "RESOURCE_EXHAUSTED")):
            try:
                client.models.generate_content(model=model, contents="hello")
                raise AssertionError("no error")
            except errors.ClientError as error:
                assert error.code == code and error.status == status and error.message, error
        stranger = client_of(gateway, "sk-no")  # a client nobody holds is closed
        try:
            stranger.models.generate_content(model="auto", contents="hello")
            raise AssertionError("no error")
        except errors.ClientError as error:
            assert error.code == 401, error


def test_a_broken_stream_is_an_error_to_the_sdk():
    mock, gateway, client = chat_provider()
    with running(mock, gateway):
        mock.behave(fault="cut", after_chunks=2, output_tokens=9, interval_ms=5)
        try:
            list(client.models.generate_content_stream(model="cheap", contents="hello"))
            raise AssertionError("the SDK saw no error")
        except errors.APIError as error:
            assert "stream" in str(error), error


if __name__ == "__main__":
    Cases(globals()).run()
