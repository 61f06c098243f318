#!/usr/bin/env python3
"""Amazon Bedrock as a provider: signatures, Converse and its binary stream for clients of all dialects, Claude by InvokeModel."""
import base64
import http.server
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from bedrock_provider import CONTENT, KEYS, MESSAGE, USAGE, Bedrock, invoke_events  # noqa: E402
from gateway import CATALOG, KEY, Cases, Gateway, config, events, message, running  # noqa: E402

MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
PATH = "/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0"
AWS = "credentials: { type: aws, id: \"${env:AWS_ID}\", secret: \"${env:AWS_SECRET}\", session_token: \"${env:AWS_TOKEN:-}\" },"
TOOLS = [{"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}}}]
# In nano-dollars, at a price of 1 and 2 dollars a million; entries of the cache cost as input.
SPEND = (100 + 300 + 20 + 2 * 50) * 1000


def bedrock(provider, dialect="converse", said=AWS, more="", model=MODEL, environment=None, files=None, catalog=CATALOG,
            name="cheap"):
    text = config({"one": (provider.port, [name])}, budgets="[{ limit: $10, per: month }]", more=more)
    text = text.replace("one: { base_url", f"one: {{ dialect: {dialect}, platform: bedrock, region: eu-west-1, rename: {{ {name}: \"{model}\" }}, "
                        f"{said} base_url").replace("/v1\"", "\"")
    if said:
        text = text.replace('keys: ["${env:TEST_PROVIDER_KEY}"],', "")
    given = {"AWS_ID": KEYS[0], "AWS_SECRET": KEYS[1], "AWS_TOKEN": "", "TEST_PROVIDER_KEY": "bedrock-api-key", **(environment or {})}
    return Gateway(text, catalog, files, given)


def messages(gateway, betas=None, **fields):
    body = {"model": "auto", "max_tokens": 400, "messages": [{"role": "user", "content": "hello"}], **fields}
    head = {"x-api-key": KEY, "anthropic-version": "2023-06-01", **({"anthropic-beta": betas} if betas else {})}
    return gateway.chat(body, key=None, path="/v1/messages", headers=head)


def test_chat_clients_of_converse():
    provider = Bedrock()
    gateway = bedrock(provider)
    with running(provider, gateway):
        status, headers, data = gateway.chat(message(tools=TOOLS, seed=7))
        assert status == 200 and not provider.wrong, (data, provider.wrong)
        assert headers["x-steelyard-dropped-fields"] == "seed", headers
        answer = json.loads(data)
        choice = answer["choices"][0]
        assert choice["finish_reason"] == "tool_calls" and choice["message"]["content"] == "It is 12:30.", choice
        assert answer["model"] == MODEL and answer["id"], answer
        assert answer["usage"]["prompt_tokens"] == 420 and answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 300, answer["usage"]
        assert json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"]) == {"zone": "UTC"}
        assert provider.requests[-1][0] == PATH + "/converse", provider.requests[-1][0]
        # The next turn, as the client would send it: its thought comes back with its signature.
        turn = [{"role": "user", "content": "hello"}, choice["message"], {"role": "tool", "tool_call_id": "tooluse_1", "content": "12:30"}]
        status, headers, data = gateway.chat({**message(tools=TOOLS), "messages": turn})
        assert status == 200 and not provider.wrong, data
        sent = json.loads(provider.requests[-1][2])
        assert sent["messages"][1] == {"role": "assistant", "content": CONTENT}, sent["messages"][1]
        assert sent["messages"][2]["content"] == [{"toolResult": {"toolUseId": "tooluse_1", "content": [{"text": "12:30"}]}}], sent
        assert [r["spend_nano_usd"] for r in gateway.receipts(2)] == [SPEND, SPEND]
        assert gateway.receipts(2)[0]["upstream_dialect"] == "converse"


def test_streams_for_every_dialect():
    provider = Bedrock()
    gateway = bedrock(provider)
    with running(provider, gateway):
        status, _, data = gateway.chat(message(stream=True, stream_options={"include_usage": True}))
        chunks = events(data)
        assert status == 200 and chunks[-1] == "[DONE]", data
        text = "".join(json.loads(c)["choices"][0]["delta"].get("content") or "" for c in chunks[:-2] if json.loads(c)["choices"])
        assert text == "It is 12:30." and json.loads(chunks[-2])["usage"]["prompt_tokens"] == 420, data
        assert provider.requests[-1][0] == PATH + "/converse-stream"
        status, _, data = messages(gateway, stream=True)
        found = [json.loads(line) for line in events(data)]
        assert status == 200 and found[-1]["type"] == "message_stop" and found[-2]["delta"]["stop_reason"] == "tool_use", data
        assert found[-2]["usage"]["cache_creation"] == {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 15}, found[-2]
        assert any(e.get("delta", {}).get("signature") == "Sig==" for e in found), data
        status, _, data = gateway.chat({"model": "auto", "stream": True, "store": False, "input": "hello"}, path="/v1/responses")
        done = json.loads(events(data)[-1])["response"]
        assert status == 200 and done["status"] == "completed" and done["usage"]["input_tokens"] == 420, data
        assert [item["type"] for item in done["output"]] == ["reasoning", "message", "function_call"], done
        status, _, data = gateway.chat({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}, key=None,
                                       path="/v1beta/models/auto:streamGenerateContent?alt=sse", headers={"x-goog-api-key": KEY})
        last = json.loads(events(data.replace(b"\r", b""))[-1])
        assert status == 200 and last["candidates"][0]["finishReason"] == "STOP" and last["usageMetadata"]["promptTokenCount"] == 420, data
        assert not provider.wrong and {r["spend_nano_usd"] for r in gateway.receipts(4)} == {SPEND}


def test_claude_by_invoke_model_is_byte_faithful():
    provider = Bedrock()
    gateway = bedrock(provider, "anthropic", AWS + ' betas: ["one-*", "three-*"],')
    with running(provider, gateway):
        body = ('{"model":"auto","max_tokens":400, "messages":[{"role":"user","content":[{"type":"text","text":"h\\u00e9",'
                '"cache_control":{"type":"ephemeral"}}]}],"zz":[1.50]%s}')
        head = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "anthropic-beta": "one-2026-01-01,two-2026-02-02, three-1"}
        sent = ('{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["one-2026-01-01","three-1"],"max_tokens":400,'
                '"messages":[{"role":"user","content":[{"type":"text","text":"h\\u00e9","cache_control":{"type":"ephemeral"}}]}],"zz":[1.50]}')
        status, headers, data = gateway.chat(body % "", key=None, path="/v1/messages", headers=head)
        assert status == 200 and json.loads(data) == MESSAGE, data
        assert headers["x-steelyard-dropped-fields"] == "betas", headers
        path, asked, got = provider.requests[-1]
        assert path == PATH + "/invoke" and got.decode() == sent, got
        assert "anthropic-beta" not in asked and "anthropic-version" not in asked, asked
        status, _, data = gateway.chat(body % ',"stream":true', key=None, path="/v1/messages", headers=head)
        assert status == 200 and provider.requests[-1][0] == PATH + "/invoke-with-response-stream", data
        assert provider.requests[-1][2].decode() == sent
        assert [json.loads(line) for line in events(data)] == list(invoke_events()), data
        assert data.startswith(b"event: message_start\ndata: "), data
        assert not provider.wrong and [r["spend_nano_usd"] for r in gateway.receipts(2)] == [SPEND, SPEND]
        # Another dialect's client.
        status, _, data = gateway.chat(message(stream=True))
        assert status == 200 and events(data)[-1] == "[DONE]" and b"12:30." in data, data
        assert "model" not in json.loads(provider.requests[-1][2])


def claude_code_body(**fields):
    """What Claude Code 2.1 sends beside its betas, less its texts."""
    mark = {"type": "ephemeral", "scope": "global"}
    tools = [{"name": "Bash", "input_schema": {"type": "object"}, "eager_input_streaming": True},
             {"name": "Later", "input_schema": {"type": "object"}, "defer_loading": True, "allowed_callers": ["direct"]},
             {"type": "memory_20250818", "name": "memory"}, {"type": "mcp_toolset", "mcp_server_name": "files"}]
    return {"system": [{"type": "text", "text": "You help.", "cache_control": mark}], "tools": tools, "speed": "fast",
            "mcp_servers": [{"type": "url", "name": "files", "url": "https://example.com"}],
            "messages": [{"role": "user", "content": "hello"}, {"role": "system", "content": "Be brief.", "output_config": {"effort": "low"}}],
            "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}, "output_config": {"effort": "medium"}, **fields}


CLAUDE_CODE_BETAS = ("claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,per-turn-control-2026-07-01,"
                     "advanced-tool-use-2025-11-20,effort-2025-11-24,prompt-caching-scope-2026-01-05,fast-mode-2026-02-01,mcp-client-2025-11-20")


def as_shipped(provider, more="", files=None):
    """The preset `bedrock-anthropic` as it stands, but for its address and the name of its model."""
    shipped = pathlib.Path(__file__).resolve().parents[2] / "config"
    text = config({"one": (provider.port, ["cheap"])}, budgets="[{ limit: $10, per: month }]", more="presets: [providers.yaml]\n" + more)
    text = text.replace("one: { base_url", f"one: {{ like: bedrock-anthropic, region: eu-west-1, rename: {{ cheap: \"{MODEL}\" }}, {AWS} base_url")
    text = text.replace("/v1\"", "\"").replace('keys: ["${env:TEST_PROVIDER_KEY}"],', "")
    return Gateway(text, CATALOG, {"providers.yaml": (shipped / "providers.yaml").read_text(), **(files or {})},
                   {"AWS_ID": KEYS[0], "AWS_SECRET": KEYS[1], "AWS_TOKEN": ""})


def test_fields_of_betas_that_bedrock_does_not_take_stay_here():
    provider = Bedrock()
    gateway = as_shipped(provider)
    with running(provider, gateway):
        for stream in (False, True):
            status, headers, data = messages(gateway, CLAUDE_CODE_BETAS, **claude_code_body(stream=stream))
            assert status == 200 and not provider.wrong, (data, provider.wrong)
            told = headers["x-steelyard-dropped-fields"].split(",")
            assert sorted(told) == sorted(["tools", "betas", "fields", "field.mcp_servers", "field.tools.mcp_toolset", "field.speed",
                                           "field.cache_control.scope", "field.tools.allowed_callers", "field.messages.output_config"]), told
            sent = json.loads(provider.requests[-1][2])
            assert sent["anthropic_beta"] == ["interleaved-thinking-2025-05-14", "context-management-2025-06-27", "effort-2025-11-24",
                                              "tool-search-tool-2025-10-19", "fine-grained-tool-streaming-2025-05-14"], sent
            wanted = claude_code_body(max_tokens=400, anthropic_version="bedrock-2023-05-31", anthropic_beta=sent["anthropic_beta"])
            wanted["system"][0]["cache_control"] = {"type": "ephemeral"}
            del wanted["speed"], wanted["mcp_servers"], wanted["messages"][1]["output_config"], wanted["tools"][3]
            del wanted["tools"][0]["eager_input_streaming"], wanted["tools"][1]["allowed_callers"]
            assert sent == wanted, sent
        for receipt in gateway.receipts(2):
            assert receipt["dropped_fields"] == ["tools", "betas", "fields"], receipt
        # They are not counted either.
        head = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "anthropic-beta": CLAUDE_CODE_BETAS}
        status, _, data = gateway.chat({"model": "cheap", **claude_code_body()}, key=None, path="/v1/messages/count_tokens", headers=head)
        assert status == 200 and provider.requests[-1][0].endswith("/count-tokens"), (data, provider.requests[-1])
        asked = json.loads(base64.b64decode(json.loads(provider.requests[-1][2])["input"]["invokeModel"]["body"]))
        assert asked == {**wanted, "max_tokens": 1}, asked
        # Betas that are taken, and fields without any: nothing is touched.
        status, headers, data = messages(gateway, "context-management-2025-06-27", context_management={"edits": []}, speed="standard")
        assert status == 200 and "x-steelyard-dropped-fields" not in headers, headers
        sent = json.loads(provider.requests[-1][2])
        assert sent["context_management"] == {"edits": []} and sent["speed"] == "standard", sent


def test_a_policy_rejects_what_a_beta_would_lose():
    provider = Bedrock()
    gateway = as_shipped(provider, "policies: [strict.yaml]\n", {"strict.yaml": "policies:\n  - name: strict\n    use: { on_loss: reject }\n"})
    with running(provider, gateway):
        status, _, data = messages(gateway, "fast-mode-2026-02-01", speed="fast")
        assert status == 400 and b"field.speed" in data and not provider.requests, data
        assert messages(gateway, "effort-2025-11-24", output_config={"effort": "low"})[0] == 200


def test_entries_of_the_cache_cost_what_they_cost():
    provider = Bedrock()
    prices = "prices: [{ input: 1, output: 2, cache_read: 0.1, cache_write_5m: 1.25, cache_write_1h: 2, source: test }]"
    gateway = bedrock(provider, catalog=CATALOG.replace("prices: [{ input: 1, output: 2, web_search: 10, source: test }]", prices))
    with running(provider, gateway):
        held = []
        for ttl in (None, "5m", "1h"):
            block = {"type": "text", "text": "hello " * 2000, **({"cache_control": {"type": "ephemeral", "ttl": ttl}} if ttl else {})}
            assert messages(gateway, messages=[{"role": "user", "content": [block]}])[0] == 200
        for receipt in gateway.receipts(3):
            assert receipt["spend_nano_usd"] == 100_000 + 300 * 100 + 5 * 1250 + 15 * 2000 + 50 * 2000, receipt["spend_nano_usd"]
            held.append(receipt["held_nano_usd"])
        output = 400 * 2000
        plain, short, long = (value - output for value in sorted(held))  # two workers' receipts come in any order
        assert short > 1.2 * plain and long > 1.9 * plain, held


def test_a_profile_whose_name_says_nothing():
    arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123"
    provider = Bedrock()
    text = CATALOG.replace("  cheap:", "  claude-sonnet-4-5:")
    gateway = bedrock(provider, model=arn, catalog=text, name="claude-sonnet-4-5")
    with running(provider, gateway):
        body = [{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}]
        status, headers, data = messages(gateway, messages=[{"role": "user", "content": body}])
        assert status == 200 and not provider.wrong and "x-steelyard-dropped-fields" not in headers, (data, provider.wrong)
        path, _, sent = provider.requests[-1]
        assert path == "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aapplication-inference-profile%2Fabc123/converse", path
        assert json.loads(sent)["messages"][0]["content"][1] == {"cachePoint": {"type": "default"}}, sent


def test_auto_with_what_is_shipped():
    """The shipped catalogue and presets: `auto` at Amazon, by the names and prices that stand there."""
    provider = Bedrock()
    shipped = pathlib.Path(__file__).resolve().parents[2] / "config"
    text = config({"bedrock": (provider.port, [])}, budgets="[{ limit: $10, per: month }]", more="presets: [providers.yaml]")
    text = text.replace(f'bedrock: {{ base_url: "http://127.0.0.1:{provider.port}/v1", keys: ["${{env:TEST_PROVIDER_KEY}}"], models: [], quirks: {{  }} }}',
                        f'bedrock: {{ like: bedrock, platform: bedrock, region: eu-west-1, base_url: "http://127.0.0.1:{provider.port}", '
                        f'{AWS.rstrip(",")} }}')
    gateway = Gateway(text, (shipped / "models.yaml").read_text(), {"providers.yaml": (shipped / "providers.yaml").read_text()},
                      {"AWS_ID": KEYS[0], "AWS_SECRET": KEYS[1], "AWS_TOKEN": ""})
    prices = {"auto": None, "claude-opus-5-5": (4, 20, 0.2), "claude-haiku-4-5": (1, 5, 0.1), "nova-pro": None}
    paths = {"claude-opus-5-5": "global.anthropic.claude-opus-5-5", "nova-pro": "us.amazon.nova-pro-v1%3A0",
             "claude-haiku-4-5": "global.anthropic.claude-haiku-4-5-20251001-v1%3A0"}
    with running(provider, gateway):
        for model, price in prices.items():
            status, headers, data = gateway.chat(message(model=model))
            assert status == 200 and not provider.wrong, (model, data, provider.wrong)
            served = headers["x-steelyard-model"]
            assert model in ("auto", served), headers
            path = provider.requests[-1][0]
            assert path == f"/model/{paths[model]}/converse" if model in paths else path.startswith("/model/"), path
            receipt = gateway.receipts(1)[-1] if model == "auto" else gateway.receipts(len(provider.requests))[-1]
            if price:  # dollars a million: input, output, read from the cache; written to it for 5 minutes 1.25, for an hour 2 times input
                plain, output, read = price
                assert receipt["spend_nano_usd"] == round((100 * plain + 300 * read + (5 * 1.25 + 15 * 2) * plain + 50 * output) * 1000), receipt
            assert receipt["spend_nano_usd"] > 0, receipt


def test_keys_of_every_kind():
    provider = Bedrock()
    gateway = bedrock(provider, environment={"AWS_TOKEN": "session-token/+=="})
    with running(provider, gateway):
        assert gateway.chat(message())[0] == 200 and not provider.wrong, provider.wrong
        assert provider.requests[-1][1]["x-amz-security-token"] == "session-token/+=="
        log = gateway.said() + (gateway.folder / "decisions.jsonl").read_text()
        assert KEYS[1] not in log and "session-token" not in log
    provider = Bedrock()
    provider.bearer = "bedrock-api-key"
    gateway = bedrock(provider, said="")
    with running(provider, gateway):
        assert gateway.chat(message())[0] == 200 and not provider.wrong, provider.wrong
        assert "x-amz-date" not in provider.requests[-1][1]


def test_a_credentials_file_that_changes():
    provider = Bedrock()
    profile = "[default]\naws_access_key_id=no\naws_secret_access_key=no\n\n[work]\naws_access_key_id = {}\naws_secret_access_key = {}\n"
    gateway = bedrock(provider, said="credentials: { type: aws-file, file: aws.ini, profile: work },", more="retry: { attempts: 1 }",
                      files={"aws.ini": profile.format(*KEYS)})
    with running(provider, gateway):
        assert gateway.chat(message())[0] == 200 and not provider.wrong, provider.wrong
        provider.keys = ("AKIDNEXT", "another-secret")
        gateway.write("aws.ini", profile.format(*provider.keys))
        time.sleep(10.5)  # what was read a moment ago is not read again
        provider.errors = [(403, "ExpiredTokenException", "The security token included in the request is expired")]
        real, provider.check = provider.check, lambda *_: "" if provider.errors else real(*_)
        status, _, data = gateway.chat(message())
        assert status == 200 and provider.requests[-1][1]["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDNEXT/"), data


def test_the_role_of_a_machine_and_of_a_container():
    role = {"AccessKeyId": "ASIAROLE", "SecretAccessKey": "role-secret", "Token": "role-token", "Expiration": "2126-01-01T00:00:00Z"}
    asked = []

    class Agent(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_PUT(self):
            asked.append(("PUT", self.path, self.headers["x-aws-ec2-metadata-token-ttl-seconds"]))
            self.tell(b"session-1\n")

        def do_GET(self):
            asked.append(("GET", self.path, self.headers["x-aws-ec2-metadata-token"] or self.headers["authorization"]))
            self.tell(b"gateway-role" if self.path.endswith("security-credentials/") else json.dumps(role).encode())

        def tell(self, data):
            self.send_response(200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    agent = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    threading.Thread(target=agent.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{agent.server_address[1]}"
    provider = Bedrock(keys=("ASIAROLE", "role-secret"))
    gateway = bedrock(provider, said=f"credentials: {{ type: aws-instance, token_url: \"{url}\" }},")
    with running(provider, gateway):
        assert gateway.chat(message())[0] == 200 and not provider.wrong, provider.wrong
        assert provider.requests[-1][1]["x-amz-security-token"] == "role-token"
        base = "/latest/meta-data/iam/security-credentials/"
        assert asked == [("PUT", "/latest/api/token", "300"), ("GET", base, "session-1"), ("GET", base + "gateway-role", "session-1")], asked
    asked.clear()
    provider = Bedrock(keys=("ASIAROLE", "role-secret"))
    gateway = bedrock(provider, said=f"credentials: {{ type: aws-container, token_url: \"{url}/v1/credentials\", file: pod-token }},",
                      files={"pod-token": "pod-secret\n"})
    with running(provider, gateway):
        assert gateway.chat(message())[0] == 200 and not provider.wrong, provider.wrong
        assert asked == [("GET", "/v1/credentials", "pod-secret")], asked
    agent.shutdown()
    agent.server_close()


def test_errors():
    for error, status, kind in (((429, "ThrottlingException", "Too many requests"), 429, "rate_limit_error"),
                                ((400, "ValidationException", "Input is too long for requested model."), 400, "invalid_request_error"),
                                ((400, "ValidationException", "The provided model identifier is invalid."), 404, "not_found_error"),
                                ((403, "AccessDeniedException", "no"), 502, "api_error"),
                                ((424, "ModelErrorException", "it broke"), 502, "api_error"),
                                ((503, "ServiceUnavailableException", "busy"), 529, "overloaded_error")):
        provider = Bedrock()
        gateway = bedrock(provider, more="retry: { attempts: 1 }")
        with running(provider, gateway):
            provider.errors = [error]
            got, _, data = messages(gateway)
            answer = json.loads(data)
            assert answer["type"] == "error" and answer["error"]["type"] == kind, (error, got, data)
            assert got == status, (error, got, data)
            assert error[2] in answer["error"]["message"] or got == 502, (error, data)


def test_broken_streams_are_told():
    for dialect in ("converse", "anthropic"):
        provider = Bedrock()
        gateway = bedrock(provider, dialect, more="retry: { attempts: 1 }\nbreaker: { failures: 100 }")
        with running(provider, gateway):
            provider.cut = True
            _, _, data = gateway.chat(message(stream=True))
            assert "error" in json.loads(events(data)[-1]), data
            _, _, data = messages(gateway, stream=True)
            assert json.loads(events(data)[-1])["type"] == "error", data
            provider.exception = "throttlingException"
            _, _, data = messages(gateway, stream=True)
            last = json.loads(events(data)[-1])
            assert last["type"] == "error" and last["error"]["message"] == "so it is", data


if __name__ == "__main__":
    Cases(globals()).run()
