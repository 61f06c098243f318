#!/usr/bin/env python3
"""Head fields that go with a body or that a dialect's clients look for: they pass between client and provider of one dialect, in
answers, errors and streams alike; between two dialects they do not, and nothing that tells of the provider's account does."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from answering import Answering, Provider  # noqa: E402
from anthropic_provider import Anthropic, anthropic_gateway  # noqa: E402
from gateway import KEY, Cases, Gateway, config, message, running, speaking  # noqa: E402
from responses_provider import Responses, responses_gateway  # noqa: E402
from websocket import OFFERED, WebSocket  # noqa: E402

UNIFIED = {"anthropic-ratelimit-unified-status": "allowed_warning", "anthropic-ratelimit-unified-5h-utilization": "0.83",
           "Anthropic-Ratelimit-Unified-Reset": "1795998000"}
ACCOUNT = {"anthropic-organization-id": "org-canary", "openai-organization": "org-canary", "openai-project": "proj-canary",
           "x-ratelimit-remaining-requests": "7", "anthropic-ratelimit-requests-remaining": "7", "set-cookie": "a=canary", "cf-ray": "canary"}
CODEX = {"openai-beta": "responses_websockets=2026-02-06, other=v1", "x-openai-internal-codex-responses-lite": "true",
         "x-codex-beta-features": "remote_compaction_v2", "x-codex-turn-state": "state-1", "session-id": "s1", "thread-id": "t1",
         "x-client-request-id": "t1", "x-codex-turn-metadata": '{"request_kind":"turn"}', "X-Codex-Window-Id": "w1"}
NOT_CODEX = {"originator": "codex_exec", "openai-organization": "org-client", "x-openai-fedramp": "1", "cookie": "c=1", "x-forwarded-for": "1.2.3.4"}


class Chat(Provider):
    def __init__(self):
        outer = self
        self.requests, self.status = [], 200

        class Handler(Answering):
            def do_POST(self):
                head, body = self.asked()
                outer.requests.append((self.path, head, body))
                if outer.status != 200:
                    return self.whole(outer.status, {"error": {"message": "No.", "type": "invalid_request_error", "code": None, "param": None}})
                answer = {"id": "c1", "object": "chat.completion", "created": 1, "model": "cheap", "usage": {"prompt_tokens": 9, "completion_tokens": 1}}
                if not json.loads(body).get("stream"):
                    return self.whole(200, {**answer, "choices": [{"index": 0, "finish_reason": "stop",
                                                                   "message": {"role": "assistant", "content": "Hi."}}]})
                self.begin_stream()
                delta = {"choices": [{"index": 0, "finish_reason": "stop", "delta": {"role": "assistant", "content": "Hi."}}]}
                self.wfile.write(b"data: %s\n\ndata: [DONE]\n\n" % json.dumps({**answer, "object": "chat.completion.chunk", **delta}).encode())

        self.serve(Handler)


def kinds(provider, ask):
    """An answer, an error and a stream: (what it was, status, head)."""
    for what, status, stream in (("answer", 200, False), ("stream", 200, True), ("error", 400, False)):
        provider.status = status
        got, head, data = ask(stream)
        assert got == status, (what, data)
        assert "canary" not in str(head) and "x-ratelimit-remaining-requests" not in head, head
        yield what, head


def test_messages_to_messages():
    provider = Anthropic()
    provider.server.answer_head = {"request-id": "req_1", **UNIFIED, **ACCOUNT}
    gateway = anthropic_gateway(provider)
    body = {"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    with running(provider, gateway):
        head = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
        for what, found in kinds(provider, lambda stream: gateway.chat({**body, "stream": stream}, key=None, path="/v1/messages", headers=head)):
            assert found["request-id"] == "req_1", (what, found)
            assert {k: v for k, v in found.items() if "unified" in k} == {k.lower(): v for k, v in UNIFIED.items()}, (what, found)
        # A client of Chat does not look for them.
        for what, found in kinds(provider, lambda stream: gateway.chat(message(stream=stream))):
            assert "request-id" not in found and not [k for k in found if "unified" in k], (what, found)


def test_responses_to_responses():
    provider = Responses()
    provider.server.answer_head = {"x-request-id": "req_2", "openai-processing-ms": "120", "x-codex-turn-state": "state-2", "openai-model": "other",
                                   "x-reasoning-included": "true", **ACCOUNT}
    provider.fault = {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}
    gateway = responses_gateway(provider)
    with running(provider, gateway):
        for what, found in kinds(provider, lambda stream: gateway.chat({"model": "auto", "input": "hello", "stream": stream},
                                                                       path="/v1/responses", headers={**CODEX, **NOT_CODEX})):
            assert found["x-request-id"] == "req_2" and found["openai-processing-ms"] == "120", (what, found)
            assert found["x-codex-turn-state"] == "state-2" and found["x-reasoning-included"] == "true", (what, found)
            assert "openai-model" not in found, found
            asked = provider.requests[-1][1]
            assert {k: asked.get(k.lower()) for k in CODEX} == {**CODEX, "openai-beta": "other=v1"}, asked
            assert not set(asked) & set(NOT_CODEX), asked
        provider.status = 200
        # What is too long or not of visible characters stays here; and so does all of it from another dialect's client.
        long = {"session-id": "x" * 5000, "thread-id": "a\tb", "x-codex-turn-state": "ok"}
        status, _, data = gateway.chat({"model": "auto", "input": "hello"}, path="/v1/responses", headers=long)
        asked = provider.requests[-1][1]
        assert status == 200 and "session-id" not in asked and "thread-id" not in asked and asked["x-codex-turn-state"] == "ok", (asked, data)
        assert gateway.chat(message(), headers=CODEX)[0] == 200
        assert not {k.lower() for k in CODEX} & set(provider.requests[-1][1]), provider.requests[-1][1]


def test_what_the_provider_row_says_wins():
    provider = Responses()
    text = config({"one": (provider.port, ["*"])}).replace("one: {", 'one: { dialect: responses, headers: { openai-beta: "mine=v2" },', 1)
    gateway = Gateway(text, environment={"TEST_PROVIDER_KEY": "sk-provider-canary"})
    with running(provider, gateway):
        assert gateway.chat({"model": "auto", "input": "hello"}, path="/v1/responses", headers=CODEX)[0] == 200
        asked = provider.requests[-1][1]
        assert asked["openai-beta"] == "mine=v2" and asked["x-codex-turn-state"] == "state-1", asked


def test_a_socket_says_what_its_messages_say():
    provider = Responses()
    gateway = responses_gateway(provider, more=OFFERED)
    with running(provider, gateway):
        client = WebSocket(gateway)
        lite = {"ws_request_header_x_openai_internal_codex_responses_lite": "true"}
        for metadata, wanted in ((lite, "true"), ({}, None)):
            client.create(input=[{"type": "message", "role": "user", "content": "hello"}], client_metadata=metadata)
            assert client.answer()[-1]["type"] == "response.completed"
            assert provider.requests[-1][1].get("x-openai-internal-codex-responses-lite") == wanted, provider.requests[-1][1]
            assert provider.requests[-1][1]["thread-id"] == "t1"
        client.close()


def test_chat_to_chat():
    provider = Chat()
    provider.server.answer_head = {"x-request-id": "req_3", **ACCOUNT}
    gateway = speaking(provider, "openai")
    with running(provider, gateway):
        for what, found in kinds(provider, lambda stream: gateway.chat(message(stream=stream), headers=CODEX)):
            assert found["x-request-id"] == "req_3", (what, found)
            assert not {k.lower() for k in CODEX} & set(provider.requests[-1][1]), provider.requests[-1][1]


if __name__ == "__main__":
    Cases(globals()).run()
