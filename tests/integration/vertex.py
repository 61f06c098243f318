#!/usr/bin/env python3
"""Vertex: Gemini and Anthropic in Google's house. Paths, bodies, and tokens that are fetched, renewed and shared."""
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anthropic_provider import Anthropic  # noqa: E402
from gateway import CATALOG, KEY, Cases, Gateway, config, events, message, running, wait_until  # noqa: E402
from gemini_provider import Gemini  # noqa: E402
from token_server import GRANT, TokenServer, claims_of  # noqa: E402

BASE = "/v1/projects/p/locations/europe-west1"
HEAD = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
ACCOUNT = 'credentials: { type: google-service-account, secret: "${file:account.json}" },'


def vertex(provider, said, dialect="gemini", name="gemini-3-flash", more="", tokens=None, url=BASE):
    text = config({"one": (provider.port, ["cheap"])}, budgets="[{ limit: $10, per: month }]", more=more)
    text = text.replace("one: { base_url", f"one: {{ dialect: {dialect}, platform: vertex, rename: {{ cheap: {name} }}, {said} base_url")
    text = text.replace("/v1\"", f"{url}\"").replace('keys: ["${env:TEST_PROVIDER_KEY}"],', "")
    return Gateway(text, CATALOG, {"account.json": tokens.service_account()} if tokens else None)


def messages(gateway, **fields):
    body = {"model": "auto", "max_tokens": 400, "messages": [{"role": "user", "content": "hello"}], **fields}
    return gateway.chat(body, key=None, path="/v1/messages", headers={**HEAD, "anthropic-beta": "one-2026-01-01, two-2026-02-02"})


def bearer(provider):
    return [head.get("authorization") for _, head, _ in provider.requests]


def test_gemini_on_vertex_with_a_service_account():
    provider, tokens = Gemini(), TokenServer()
    gateway = vertex(provider, ACCOUNT, tokens=tokens)
    with running(provider, tokens, gateway):
        for stream, verb in ((False, ":generateContent"), (True, ":streamGenerateContent?alt=sse")):
            status, _, data = gateway.chat(message(stream=stream))
            assert status == 200, data
            assert provider.requests[-1][0] == f"{BASE}/publishers/google/models/gemini-3-flash{verb}", provider.requests[-1][0]
        assert bearer(provider) == ["Bearer tok-1", "Bearer tok-1"], "one token serves all"
        [(method, path, head, form)] = tokens.asked
        assert method == "POST" and form["grant_type"] == GRANT and head["content-type"] == "application/x-www-form-urlencoded"
        claims = claims_of(form["assertion"])
        assert claims["iss"] == "gateway@p.iam.gserviceaccount.com" and claims["aud"] == tokens.url(), claims
        assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform" and claims["exp"] - claims["iat"] == 3600, claims
        assert abs(claims["iat"] - time.time()) < 60
        said = gateway.said() + (gateway.folder / "decisions.jsonl").read_text()
        assert "tok-1" not in said and "PRIVATE KEY" not in said


def test_anthropic_on_vertex():
    provider, tokens = Anthropic(), TokenServer()
    gateway = vertex(provider, ACCOUNT, "anthropic", "claude-sonnet-4-5@20250929", tokens=tokens)
    with running(provider, tokens, gateway):
        body = ('{"zz":[1.50],"model" :"auto","max_tokens":400,"stream":%s,"messages":[{"role":"user","content":"h\\u00e9"}],'
                '"context_management":{"edits":[]}}')
        for stream, verb in (("false", ":rawPredict"), ("true", ":streamRawPredict")):
            status, headers, data = gateway.chat(body % stream, key=None, path="/v1/messages",
                                                 headers={**HEAD, "anthropic-beta": "one-2026-01-01, two-2026-02-02"})
            assert status == 200 and data == provider.told, data
            path, head, sent = provider.requests[-1]
            assert path == f"{BASE}/publishers/anthropic/models/claude-sonnet-4-5@20250929{verb}", path
            wanted = ('{"anthropic_version":"vertex-2023-10-16","zz":[1.50],"max_tokens":400,"stream":%s,"messages":[{"role":"user",'
                      '"content":"h\\u00e9"}],"context_management":{"edits":[]}}')
            assert sent.decode() == wanted % stream, sent
            assert "anthropic-version" not in head and head["anthropic-beta"] == "one-2026-01-01,two-2026-02-02", head
            assert "x-steelyard-dropped-fields" not in headers
        # A client of another dialect.
        status, _, data = gateway.chat(message(stream=True))
        assert status == 200 and events(data)[-1] == "[DONE]", data
        sent = json.loads(provider.requests[-1][2])
        assert sent["anthropic_version"] == "vertex-2023-10-16" and "model" not in sent and sent["stream"] is True, sent
        assert len({r["spend_nano_usd"] for r in gateway.receipts(3)}) == 1


def test_betas_the_provider_does_not_take():
    provider, tokens = Anthropic(), TokenServer()
    gateway = vertex(provider, ACCOUNT + ' betas: ["two-*"],', "anthropic", "claude-sonnet-4-5", tokens=tokens)
    with running(provider, tokens, gateway):
        status, headers, _ = messages(gateway)
        assert status == 200 and provider.requests[-1][1]["anthropic-beta"] == "two-2026-02-02"
        assert headers["x-steelyard-dropped-fields"] == "betas", headers


def test_fields_go_with_the_betas_they_belong_to():
    provider, tokens = Anthropic(), TokenServer()
    gateway = vertex(provider, ACCOUNT + ' betas: ["tool-search-tool-*", "two-*"],', "anthropic", "claude-sonnet-4-5", tokens=tokens)
    betas = {**HEAD, "anthropic-beta": "two-2, effort-2025-11-24,advanced-tool-use-2025-11-20"}
    body = ('{"model":"auto","max_tokens":400,"output_config":{ "effort":"low", "format":{"type":"json_schema"}},"stream":%s,'
            '"messages":[{"role":"user","content":"h\\u00e9 \\"effort\\":1"}],"tools":[{"name":"f","defer_loading":true}]}')
    wanted = ('{"anthropic_version":"vertex-2023-10-16","max_tokens":400,"output_config":{ "format":{"type":"json_schema"}},"stream":%s,'
              '"messages":[{"role":"user","content":"h\\u00e9 \\"effort\\":1"}],"tools":[{"name":"f","defer_loading":true}]}')
    with running(provider, tokens, gateway):
        for stream in ("false", "true"):
            status, headers, data = gateway.chat(body % stream, key=None, path="/v1/messages", headers=betas)
            assert status == 200 and data == provider.told, data
            _, head, sent = provider.requests[-1]
            assert sent.decode() == wanted % stream, sent
            assert head["anthropic-beta"] == "two-2,tool-search-tool-2025-10-19", head
            assert headers["x-steelyard-dropped-fields"] == "betas,fields,field.output_config.effort", headers


def test_claude_code_at_the_preset():
    """The heads and fields it sends to Anthropic itself, at the preset `vertex-anthropic` as it is shipped."""
    provider, tokens = Anthropic(), TokenServer()
    shipped = pathlib.Path(__file__).resolve().parents[2] / "config/providers.yaml"
    text = config({"one": (provider.port, ["cheap"])}, more="presets: [providers.yaml]")
    text = text.replace("one: { base_url", f"one: {{ like: vertex-anthropic, rename: {{ cheap: claude-opus-5-5 }}, {ACCOUNT} base_url")
    text = text.replace("/v1\"", f"{BASE}\"").replace('keys: ["${env:TEST_PROVIDER_KEY}"],', "")
    gateway = Gateway(text, CATALOG, {"account.json": tokens.service_account(), "providers.yaml": shipped.read_text()})
    taken = ["claude-code-20250219", "interleaved-thinking-2025-05-14", "context-management-2025-06-27", "per-turn-control-2026-07-01",
             "effort-2025-11-24"]
    refused = ["advanced-tool-use-2025-11-20", "prompt-caching-scope-2026-01-05", "fast-mode-2026-02-01"]
    kept = {"output_config": {"effort": "medium"}, "context_management": {"edits": []},
            "messages": [{"role": "user", "content": "hello"}, {"role": "system", "content": "Be brief.", "output_config": {"effort": "low"}}]}
    with running(provider, tokens, gateway):
        body = {"model": "auto", "max_tokens": 400, **kept, "speed": "fast", "tools": [{"name": "f", "defer_loading": True}],
                "system": [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral", "ttl": "1h", "scope": "global"}}]}
        status, headers, data = gateway.chat(body, key=None, path="/v1/messages", headers={**HEAD, "anthropic-beta": ",".join(taken + refused)})
        assert status == 200, data
        _, head, sent = provider.requests[-1]
        assert head["anthropic-beta"].split(",") == [*taken, "tool-search-tool-2025-10-19"], head
        assert json.loads(sent) == {"anthropic_version": "vertex-2023-10-16", "max_tokens": 400, **kept, "tools": body["tools"],
                                    "system": [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}, sent
        assert headers["x-steelyard-dropped-fields"] == "betas,fields,field.speed,field.cache_control.scope", headers


def test_a_token_is_renewed_before_it_ends():
    provider, tokens = Gemini(), TokenServer(seconds=3)
    gateway = vertex(provider, ACCOUNT, tokens=tokens)
    with running(provider, tokens, gateway):
        begun = time.monotonic()
        while time.monotonic() - begun < 6:
            assert gateway.chat(message())[0] == 200
            time.sleep(0.1)
        used = [int(token.rsplit("-", 1)[1]) for token in bearer(provider)]
        assert used == sorted(used) and used[-1] >= 3, used
        assert tokens.given <= 4, "asked for once a life"


def test_many_wait_for_one_asking():
    provider, tokens = Gemini(), TokenServer()
    tokens.delay = 0.7
    gateway = vertex(provider, ACCOUNT, tokens=tokens)
    with running(provider, tokens, gateway):
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(gateway.chat(message())[0])) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 12 and set(bearer(provider)) == {"Bearer tok-1"} and tokens.given == 1, (statuses, tokens.given)


def test_a_client_that_leaves_while_its_request_waits_for_a_token():
    provider, tokens = Gemini(), TokenServer()
    tokens.delay = 1.5
    gateway = vertex(provider, ACCOUNT, tokens=tokens)
    with running(provider, tokens, gateway):
        import socket
        body = json.dumps(message())
        with socket.create_connection(("127.0.0.1", gateway.port)) as client:
            client.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
                           f"content-length: {len(body)}\r\n\r\n{body}".encode())
            time.sleep(0.3)
        [receipt] = gateway.receipts(1)
        assert receipt["spend_nano_usd"] == 0 and not provider.requests, receipt
        assert gateway.chat(message())[0] == 200 and provider.requests[-1][1]["authorization"] == "Bearer tok-1"
        assert gateway.budgets()["acme"]["held_nano_usd"] == 0


def test_a_token_that_is_refused_is_renewed_once():
    provider, tokens = Gemini(), TokenServer()
    gateway = vertex(provider, ACCOUNT, tokens=tokens, more="retry: { attempts: 1 }")
    with running(provider, tokens, gateway):
        assert gateway.chat(message())[0] == 200
        time.sleep(10.5)  # what was asked for a moment ago is not asked for again
        real, refused = provider.server.RequestHandlerClass.do_POST, []

        def refuse_first(handler):
            if handler.headers["authorization"] == "Bearer tok-1":
                refused.append(1)
                handler.rfile.read(int(handler.headers["content-length"]))
                return handler.whole(401, {"error": {"code": 401, "message": "expired", "status": "UNAUTHENTICATED"}})
            return real(handler)

        provider.server.RequestHandlerClass.do_POST = refuse_first
        status, _, data = gateway.chat(message())
        assert status == 200 and len(refused) == 1 and provider.requests[-1][1]["authorization"] == "Bearer tok-2", (status, data)


def test_no_token_is_an_error_that_says_why():
    provider, tokens = Gemini(), TokenServer()
    tokens.status = 400
    gateway = vertex(provider, ACCOUNT, tokens=tokens)
    with running(provider, tokens, gateway):
        wait_until(lambda: tokens.asked)
        status, _, data = gateway.chat(message())
        assert status >= 500 and b"Invalid JWT Signature." in data, (status, data)
        assert not provider.requests
        wait_until(lambda: "no credentials" in gateway.said(), what="the log says why")
        tokens.status = 200
        wait_until(lambda: gateway.chat(message())[0] == 200, seconds=10, what="it is asked again, later")


def test_the_machines_own_token():
    provider, tokens = Gemini(), TokenServer()
    url = tokens.url("/computeMetadata/v1/instance/service-accounts/default/token")
    gateway = vertex(provider, f'credentials: {{ type: google-metadata, token_url: "{url}" }},')
    with running(provider, tokens, gateway):
        assert gateway.chat(message())[0] == 200 and bearer(provider) == ["Bearer tok-1"]
        [(method, _, head, _)] = tokens.asked
        assert method == "GET" and head["metadata-flavor"] == "Google", head


def test_entra_for_azure():
    from azure_provider import Azure
    for said, wanted in (("entra-client, tenant: t, id: app, secret: \"${env:ENTRA}\"", {"client_id": "app", "client_secret": "s3", "grant_type":
                          "client_credentials", "scope": "https://cognitiveservices.azure.com/.default"}),
                         ("entra-managed-identity, id: me", {"api-version": "2018-02-01", "client_id": "me",
                                                             "resource": "https://cognitiveservices.azure.com"})):
        provider, tokens = Azure(), TokenServer()
        text = config({"one": (provider.port, ["cheap"])})
        text = text.replace("one: { base_url", f'one: {{ platform: azure, credentials: {{ type: {said}, token_url: "{tokens.url()}" }}, base_url')
        text = text.replace("/v1\"", "\"").replace('keys: ["${env:TEST_PROVIDER_KEY}"],', "")
        gateway = Gateway(text, CATALOG, None, {"ENTRA": "s3"})
        with running(provider, tokens, gateway):
            status, _, data = gateway.chat(message(stream=True))
            assert status == 200 and b"prompt_filter_results" in data, data
            path, head, _ = provider.requests[-1]
            assert path == "/openai/v1/chat/completions" and head["authorization"] == "Bearer tok-1" and "api-key" not in head, head
            assert tokens.asked[0][3] == wanted, tokens.asked


def test_errors_in_the_shape_of_whoever_made_them():
    provider, tokens = Anthropic(), TokenServer()
    gateway = vertex(provider, ACCOUNT, "anthropic", "claude-sonnet-4-5", tokens=tokens, more="retry: { attempts: 1 }")
    with running(provider, tokens, gateway):
        provider.status = 529
        status, _, data = messages(gateway)
        assert status == 529 and json.loads(data)["error"] == {"type": "overloaded_error", "message": "Overloaded"}, data
        real = provider.server.RequestHandlerClass.do_POST

        def googles(handler):
            handler.rfile.read(int(handler.headers["content-length"]))
            return handler.whole(404, {"error": {"code": 404, "message": "Publisher Model was not found", "status": "NOT_FOUND"}})

        provider.server.RequestHandlerClass.do_POST = googles
        status, _, data = messages(gateway)
        answer = json.loads(data)
        assert status == 404 and answer["type"] == "error" and answer["error"]["message"] == "Publisher Model was not found", data
        provider.server.RequestHandlerClass.do_POST = real


if __name__ == "__main__":
    Cases(globals()).run()
