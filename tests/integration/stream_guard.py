#!/usr/bin/env python3
"""A stream may not cost more than its budget has: what is held grows while it comes, or it ends like a limit reached."""
import itertools
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from endless_provider import WORD, Endless  # noqa: E402
from gateway import STEELYARD, Cases, Gateway, Mock, config, events, message, running, start, wait_until  # noqa: E402

# Free input, and a milli-dollar for a token of output: what is held is what may be said.
MILLI = """
models:
  cheap:
    vendor: Test
    context: 128000
    output_max: 16384
    can: [tools]
    score: { value: 60, source: test, as_of: 2026-11-01 }
    prices: [{ input: 0, output: 1000, source: test }]
"""
TOKEN = 1_000_000  # nano-dollars


def gateway_of(provider, dialect, limit, more=""):
    text = config({"one": (provider.port, ["*"])}, team_budgets=f"[{{ limit: {limit}, per: month }}]", more=more)
    base = {"openai": "/v1", "responses": "/v1", "anthropic": "", "gemini": ""}[dialect]
    text = text.replace(f'one: {{ base_url: "http://127.0.0.1:{provider.port}/v1"',
                        f'one: {{ dialect: {dialect}, base_url: "http://127.0.0.1:{provider.port}{base}"')
    return Gateway(text, MILLI, None, {"TEST_PROVIDER_KEY": "x"})


def books(gateway):
    budget = gateway.budgets()["acme/search"]
    return budget["posted_nano_usd"], budget["held_nano_usd"]


def verified(gateway):
    assert gateway.stop() == 0
    done = subprocess.run([STEELYARD, "ledger", "verify", "--config", "gateway.yaml"], cwd=gateway.folder, env=gateway.environment,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def ask(gateway, client, tokens):
    words = [{"role": "user", "content": "go on"}]
    if client == "openai":
        return gateway.chat({"model": "auto", "messages": words, "stream": True, "max_tokens": tokens,
                             "stream_options": {"include_usage": True}})
    if client == "anthropic":
        return gateway.chat({"model": "auto", "messages": words, "stream": True, "max_tokens": tokens}, path="/v1/messages")
    if client == "responses":
        return gateway.chat({"model": "auto", "input": "go on", "stream": True, "max_output_tokens": tokens}, path="/v1/responses")
    path = "/v1beta/models/auto:streamGenerateContent" + ("?alt=sse" if client == "gemini" else "")
    return gateway.chat({"contents": [{"role": "user", "parts": [{"text": "go on"}]}],
                         "generationConfig": {"maxOutputTokens": tokens}}, path=path)


def said_and_end(client, data):
    """The words the client got, and how it was told that they end; fails on anything that is not its dialect."""
    if client == "gemini array":
        found = json.loads(data)
    else:
        raw = events(data.replace(b"\r\n", b"\n"))
        if client == "openai":
            assert raw[-1] == "[DONE]", raw[-2:]
            raw = raw[:-1]
        found = [json.loads(text) for text in raw]
    if client == "openai":
        text = "".join(c["choices"][0]["delta"].get("content") or "" for c in found if c["choices"])
        assert len({c["id"] for c in found}) == 1, found[-3:]
        assert found[-1]["choices"] == [] and found[-1]["usage"]["completion_tokens"] > 0, found[-1]
        return text, found[-2]["choices"][0]["finish_reason"]
    if client == "anthropic":
        assert [e["type"] for e in found[-3:]] == ["content_block_stop", "message_delta", "message_stop"], found[-3:]
        opened = [e["index"] for e in found if e["type"] == "content_block_start"]
        closed = [e["index"] for e in found if e["type"] == "content_block_stop"]
        assert opened == closed, (opened, closed)
        assert found[-2]["usage"]["output_tokens"] > 0
        return "".join(e["delta"]["text"] for e in found if e["type"] == "content_block_delta"), found[-2]["delta"]["stop_reason"]
    if client == "responses":
        numbers = [e["sequence_number"] for e in found]
        assert numbers == list(range(len(found))), numbers[-5:]
        assert found[-1]["type"] == "response.incomplete" and found[-1]["response"]["status"] == "incomplete", found[-1]
        assert found[-1]["response"]["id"] == found[0]["response"]["id"]
        text = "".join(e["delta"] for e in found if e["type"] == "response.output_text.delta")
        return text, found[-1]["response"]["incomplete_details"]["reason"]
    assert found[-1]["usageMetadata"]["candidatesTokenCount"] > 0, found[-1]
    parts = [p for e in found for p in e["candidates"][0]["content"].get("parts", [])]
    return "".join(p["text"] for p in parts), found[-1]["candidates"][0]["finishReason"]


ENDS = {"openai": "length", "anthropic": "max_tokens", "responses": "max_output_tokens", "gemini": "MAX_TOKENS", "gemini array": "MAX_TOKENS"}


def test_a_provider_that_ignores_the_limit_is_cut_off_in_every_pair_of_dialects():
    for client, dialect in itertools.product(ENDS, ("openai", "anthropic", "responses", "gemini")):
        provider = Endless(dialect)
        gateway = gateway_of(provider, dialect, "$0.15")  # 150 tokens, for a request of 100
        with running(provider, gateway):
            where = f"{client} client, {dialect} provider"
            status, _, data = ask(gateway, client, 100)
            assert status == 200, (where, data)
            text, end = said_and_end(client, data)
            assert end == ENDS[client], (where, end)
            words = text.count(WORD)
            assert text == WORD * words and 150 <= words <= 200, (where, words)
            wait_until(lambda: books(gateway) == (150 * TOKEN, 0), what=f"{where}: {books(gateway)}")
            [receipt] = gateway.receipts(1)
            assert receipt["status"] == "success" and receipt["finish_reason"] == "length", (where, receipt)
            assert receipt["cut_by_budget"] and receipt["extended_nano_usd"] == 50 * TOKEN, (where, receipt)
            assert receipt["held_nano_usd"] == 150 * TOKEN and receipt["usage_source"] == "estimated"
            sent = provider.sent
            assert sent < 1500, (where, sent)  # it noticed that nobody listens
            verified(gateway)


def test_with_room_left_the_hold_grows_and_the_whole_answer_comes():
    mock = Mock("cheap,0,1000")
    mock.behave(output_tokens=400, ignore_limit=True, interval_ms=1)
    gateway = start({"one": (mock.port, ["*"])}, MILLI, team_budgets="[{ limit: $10, per: month }]")
    with running(mock, gateway):
        status, _, data = gateway.chat(message("x", stream=True, max_tokens=100))
        assert status == 200 and events(data)[-1] == "[DONE]"
        bill = mock.bill()["total"]["nano_usd"]
        assert books(gateway) == (bill, 0) and bill == 400 * TOKEN
        [receipt] = gateway.receipts(1)
        assert not receipt["overrun_nano_usd"] and not receipt["cut_by_budget"], receipt
        assert receipt["held_nano_usd"] >= bill and receipt["extended_nano_usd"] >= 300 * TOKEN, receipt
        verified(gateway)


def test_an_honest_answer_at_the_edge_of_its_budget_is_never_cut():
    mock = Mock("cheap,0,1000")
    gateway = start({"one": (mock.port, ["*"])}, MILLI, team_budgets="[{ limit: $0.1, per: day }]")
    with running(mock, gateway):
        mock.behave(output_tokens=500, interval_ms=1)  # its limit ends it
        status, _, data = gateway.chat(message("x", stream=True, max_tokens=100))
        finish = [json.loads(e) for e in events(data)[:-1]][-1]["choices"][0]["finish_reason"]
        assert status == 200 and finish == "length"
        [receipt] = gateway.receipts(1)
        assert "cut_by_budget" not in receipt and receipt["usage_source"] == "provider", receipt
        assert books(gateway) == (100 * TOKEN, 0)


def test_nobody_pays_for_watching_without_a_budget():
    provider = Endless("openai", count=600, pause=0)
    gateway = Gateway(config({"one": (provider.port, ["*"])}), MILLI, None, {"TEST_PROVIDER_KEY": "x"})
    with running(provider, gateway):
        status, _, data = ask(gateway, "openai", 50)
        assert status == 200 and data.count(WORD.encode()) == 600
        assert "max_tokens" in provider.bodies[0]


def test_max_tokens_is_given_to_every_dialect_when_the_client_gave_none():
    names = {"openai": lambda b: b.get("max_tokens") or b.get("max_completion_tokens"), "anthropic": lambda b: b["max_tokens"],
             "responses": lambda b: b["max_output_tokens"], "gemini": lambda b: b["generationConfig"]["maxOutputTokens"]}
    bodies = {"openai": ("/v1/chat/completions", {"model": "auto", "messages": [{"role": "user", "content": "x"}], "stream": True}),
              "responses": ("/v1/responses", {"model": "auto", "input": "x", "stream": True}),
              "gemini": ("/v1beta/models/auto:streamGenerateContent?alt=sse", {"contents": [{"role": "user", "parts": [{"text": "x"}]}]})}
    for dialect in names:
        provider = Endless(dialect, count=5)
        gateway = gateway_of(provider, dialect, "$100")
        with running(provider, gateway):
            for path, body in bodies.values():
                gateway.chat(body, path=path)
                assert names[dialect](provider.bodies[-1]) == 16384, (dialect, path, provider.bodies[-1])


def test_a_policy_may_lower_the_limit_to_what_the_budget_has():
    mock = Mock("cheap,0,1000")
    mock.behave(output_tokens=2000)
    policies = "policies: [lower.yaml]"
    lower = {"lower.yaml": "policies: [{ name: shorter, use: { tier: standard, over_budget: lower } }]\n"}
    gateway = start({"one": (mock.port, ["*"])}, MILLI, lower, team_budgets="[{ limit: $0.6, per: month }]", policies=policies)
    with running(mock, gateway):
        status, headers, data = gateway.chat(message("x", max_tokens=1000))
        assert status == 200 and headers["x-steelyard-output-tokens-max"] == "600", (status, headers, data)
        sent = json.loads(mock.requests()[-1]["body"])
        assert sent["max_tokens"] == 600, sent
        assert json.loads(data)["choices"][0]["finish_reason"] == "length"
        assert books(gateway) == (600 * TOKEN, 0)
        status, headers, _ = gateway.chat(message("x", max_tokens=1000))
        assert status == 429 and "x-steelyard-output-tokens-max" not in headers  # next to nothing is not worth it
    refusing = start({"one": (mock.port, ["*"])}, MILLI, team_budgets="[{ limit: $0.6, per: month }]")
    with running(refusing):
        assert refusing.chat(message("x", max_tokens=1000))[0] == 429


if __name__ == "__main__":
    Cases(globals()).run()
