#!/usr/bin/env python3
"""Azure OpenAI and Foundry: where the model stands in the path, its head field, its odd chunks and its errors."""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anthropic_provider import Anthropic  # noqa: E402
from azure_provider import FILTERED, LIMITED, Azure  # noqa: E402
from gateway import CATALOG, KEY, Cases, Gateway, config, events, message, running  # noqa: E402

SPEND = (60 + 40 + 2 * 20) * 1000  # nano-dollars, at a price of 1 and 2 dollars a million, cached ones as input


def azure(provider, said, base="", more="", keys=(), catalog=CATALOG, models=("cheap",)):
    text = config({"one": (provider.port, list(models))}, budgets="[{ limit: $10, per: month }]", more=more)
    names = ", ".join(f"{name}: {'my-deployment' if name == 'cheap' else 'my-' + name}" for name in models)
    text = text.replace("one: { base_url", f"one: {{ platform: azure, rename: {{ {names} }}, {said} base_url")
    if keys:
        names = ", ".join(f'"${{env:{key}}}"' for key in keys)
        text = text.replace('"${env:TEST_PROVIDER_KEY}"', names).replace("workers: 2", "workers: 1")
    given = {"TEST_PROVIDER_KEY": "sk-provider-canary", **{key: "sk-" + key.lower() for key in keys}}
    return Gateway(text.replace("/v1\"", f"{base}\""), catalog, None, given)


PATHS = (("api_version: 2024-10-21,", "", "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"),
         ("api_version: 2024-10-21,", "/openai", "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"),
         ("", "", "/openai/v1/chat/completions"),
         ("api_version: preview,", "", "/openai/v1/chat/completions?api-version=preview"),
         ("", "/openai/v1", "/openai/v1/chat/completions"))


def test_both_path_styles():
    for said, base, wanted in PATHS:
        provider = Azure()
        gateway = azure(provider, said, base)
        with running(provider, gateway):
            status, headers, data = gateway.chat(message(max_completion_tokens=50))
            assert status == 200 and data == provider.told, data
            path, head, body = provider.requests[-1]
            assert path == wanted, (path, wanted)
            assert head["api-key"] == "sk-provider-canary" and "authorization" not in head, head
            assert "deployments" in path or body["model"] == "my-deployment", body
            status, headers, data = gateway.chat(message(stream=True))
            assert status == 200 and provider.requests[-1][0] == wanted
            assert provider.requests[-1][2]["stream_options"] == {"include_usage": True}
            assert [r["spend_nano_usd"] for r in gateway.receipts(2)] == [SPEND, SPEND]
            assert headers["x-steelyard-model"] == "cheap" and "x-steelyard-dropped-fields" not in headers


def test_an_entra_token_instead_of_a_key():
    provider = Azure()
    gateway = azure(provider, "auth: bearer,")
    with running(provider, gateway):
        assert gateway.chat(message())[0] == 200
        head = provider.requests[-1][1]
        assert head["authorization"] == "Bearer sk-provider-canary" and "api-key" not in head, head


def test_streams_pass_as_they_came_but_for_the_usage_nobody_asked_for():
    provider = Azure()
    gateway = azure(provider, "api_version: 2024-10-21,")
    with running(provider, gateway):
        status, _, data = gateway.chat(message(stream=True, stream_options={"include_usage": True}))
        assert status == 200 and data == provider.told and b"prompt_filter_results" in data, data
        _, _, data = gateway.chat(message(stream=True))
        assert b"prompt_filter_results" in data and b"content_filter_offsets" in data, data
        assert b"prompt_tokens" not in data and data == b"".join(
            part + b"\n\n" for part in provider.told.split(b"\n\n")[:-1] if b"prompt_tokens" not in part), data


def test_a_messages_client_of_azure():
    provider = Azure()
    gateway = azure(provider, "api_version: 2024-10-21,")
    with running(provider, gateway):
        body = {"model": "auto", "max_tokens": 50, "stream": True, "messages": [{"role": "user", "content": "hello"}]}
        head = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
        status, _, data = gateway.chat(body, key=None, path="/v1/messages", headers=head)
        found = [json.loads(line) for line in events(data)]
        assert status == 200 and found[0]["message"]["id"].startswith("msg"), found[0]
        assert "".join(e["delta"].get("text", "") for e in found if e["type"] == "content_block_delta") == "Good day.", data
        assert found[-2]["delta"]["stop_reason"] == "end_turn" and found[-2]["usage"]["cache_read_input_tokens"] == 40, found[-2]
        path, _, sent = provider.requests[-1]
        assert path.startswith("/openai/deployments/my-deployment/") and sent["max_tokens"] == 50, sent


def test_errors():
    provider = Azure()
    gateway = azure(provider, "api_version: 2024-10-21,", more="retry: { attempts: 2 }")
    missing = {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}}
    with running(provider, gateway):
        provider.errors = [(400, {}, FILTERED)]
        status, _, data = gateway.chat(message())
        assert status == 400 and json.loads(data) == FILTERED, "it passes with its details"
        assert len(provider.requests) == 1, "what was filtered is not sent again"
        provider.errors = [(404, {}, missing), (401, {}, {"error": {"code": "401", "message": "Access denied"}})]
        status, _, data = gateway.chat(message())
        assert status != 401 and b"code" in data, (status, data)
    provider = Azure()  # the first one's target rests now
    gateway = azure(provider, "api_version: 2024-10-21,", more="retry: { attempts: 2 }")
    with running(provider, gateway):
        provider.errors, begun = [(429, {"retry-after": "1", "retry-after-ms": "0"}, LIMITED)], time.monotonic()
        status, _, _ = gateway.chat(message())
        assert status == 200 and time.monotonic() - begun >= 0.9, "0 ms beside 1 s: the second counts"


def test_a_key_that_says_it_has_nothing_left_rests():
    provider = Azure()
    gateway = azure(provider, "", more="", keys=("ONE", "TWO"))
    with running(provider, gateway):
        provider.head = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}
        assert gateway.chat(message())[0] == 200
        provider.head = {"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "1s"}
        for _ in range(4):
            assert gateway.chat(message())[0] == 200
        used = [head["api-key"] for _, head, _ in provider.requests]
        assert len(set(used)) == 2 and len(set(used[1:])) == 1, used


def test_embeddings_go_where_the_models_are():
    catalog = CATALOG + """
  vectors:
    vendor: Test
    context: 8000
    output_max: 1
    can: [embeddings]
    prices: [{ input: 1, output: 1, source: test }]
"""
    for said, wanted in (("api_version: 2024-10-21,", "/openai/deployments/my-vectors/embeddings?api-version=2024-10-21"),
                         ("", "/openai/v1/embeddings")):
        provider = Azure()
        gateway = azure(provider, said.replace(",", ", ") + " ", catalog=catalog, models=["cheap", "vectors"])
        with running(provider, gateway):
            gateway.chat({"model": "vectors", "input": "hello"}, path="/v1/embeddings")
            assert provider.requests[-1][0] == wanted, provider.requests[-1][0]
            assert provider.requests[-1][1]["api-key"] == "sk-provider-canary"


def test_claude_in_foundry():
    provider = Anthropic()
    gateway = azure(provider, "dialect: anthropic,", "/anthropic")
    with running(provider, gateway):
        body = {"model": "auto", "max_tokens": 50, "messages": [{"role": "user", "content": "hello"}]}
        head = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "anthropic-beta": "one-2026-01-01"}
        status, _, data = gateway.chat(body, key=None, path="/v1/messages", headers=head)
        assert status == 200, data
        path, head, _ = provider.requests[-1]
        assert path == "/anthropic/v1/messages" and head["api-key"] == "sk-provider-canary", (path, head)
        assert head["anthropic-version"] == "2023-06-01" and head["anthropic-beta"] == "one-2026-01-01", head


if __name__ == "__main__":
    Cases(globals()).run()
