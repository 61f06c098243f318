#!/usr/bin/env python3
"""Counting as a client sees it: estimates beside bills over a conversation, a restart, count requests of two dialects."""
import http.client
import json
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import KEY, STEELYARD, Cases, Mock, running, start  # noqa: E402

CATALOG = """
models:
  grok-9:
    vendor: Test
    context: 1000000
    output_max: 4096
    can: [tools, vision]
    tokenizer: grok
    score: { value: 60, source: test, as_of: 2026-11-01 }
    prices: [{ input: 1, output: 2, source: test }]
  gpt-4o:
    vendor: Test
    context: 1000000
    output_max: 4096
    can: [tools, vision]
    tokenizer: o200k
    score: { value: 60, source: test, as_of: 2026-11-01 }
    prices: [{ input: 10, output: 20, source: test }]
"""
WORDS = ("The warehouse in Rotterdam reports three pallets of order 48213 twice, once by the gate and once by the fork lift, "
         "so the stock is 72 boxes too many and the invoice of noon is wrong by 1,944.00 EUR. ")


def both(**more):
    mock = Mock("grok-9,1,2", "gpt-4o,10,20")
    return mock, start({"one": (mock.port, ["*"])}, catalog=CATALOG, budgets="[{ limit: $100, per: month }]", workers=1, **more)


def talk(gateway, model, turns, start_text="Help me."):
    """A conversation; the messages grow with each turn."""
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": start_text}]
    for turn in range(turns):
        status, headers, data = gateway.chat({"model": model, "messages": messages})
        assert status == 200, data
        answer = json.loads(data)["choices"][0]["message"]["content"]
        messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": f"{turn}: " + WORDS * (1 + turn % 3)}]
    return headers


def test_a_conversation_estimates_beside_bills():
    mock, gateway = both()  # the mock bills a token for every four bytes, which no tokenizer here does
    with running(mock, gateway):
        for number in range(3):
            talk(gateway, "grok-9", 8, f"Number {number}: where are the pallets?")
        receipts = gateway.receipts(24)
        print("      turn estimate at most billed quality")
        for turn, r in enumerate(receipts[16:]):
            e, billed = r["estimate"], r["prompt_tokens"]
            print(f"      {turn:4}{e['input_tokens']:9}{e['input_tokens_upper']:8}{billed:7} {e['quality']}")
        for r in receipts:
            e, billed = r["estimate"], r["prompt_tokens"]
            assert e["input_tokens_upper"] >= billed, r
            assert e["input_tokens_error"] == billed - e["input_tokens"], r
        assert receipts[0]["estimate"]["quality"] == "prior"
        assert all(r["estimate"]["quality"] == "calibrated" for r in receipts[9:])
        later = [abs(r["estimate"]["input_tokens_error"]) / r["prompt_tokens"] for r in receipts[17:]]
        assert sum(later) / len(later) < 0.01, later
        first = abs(receipts[0]["estimate"]["input_tokens_error"]) / receipts[0]["prompt_tokens"]
        assert first > 0.5, first  # so there was something to learn: a hidden prompt of 200 was assumed
        status, page = gateway.admin("/metrics")
        assert status == 200
        assert b'steelyard_token_estimate_error_ratio_count{provider="one",model="grok-9",kind="calibrated"}' in page, page[:3000]


def test_what_was_learned_survives_a_restart_and_a_damaged_file_does_not_stop_it():
    mock, gateway = both()
    with running(mock, gateway):
        talk(gateway, "grok-9", 12)
        assert gateway.stop() == 0
        state = gateway.folder / "ledger/token-calibration"
        assert state.stat().st_size > 100
        gateway.start()
        status, headers, _ = gateway.chat({"model": "grok-9", "messages": [{"role": "user", "content": WORDS * 4}]})
        assert status == 200
        billed = gateway.receipts(13)[-1]
        assert billed["estimate"]["quality"] == "calibrated"
        assert abs(billed["estimate"]["input_tokens_error"]) < 0.1 * billed["prompt_tokens"], billed
        assert gateway.stop() == 0
        data = bytearray(state.read_bytes())
        data[60] ^= 1
        state.write_bytes(bytes(data))
        gateway.start()
        gateway.chat({"model": "grok-9", "messages": [{"role": "user", "content": WORDS}]})
        assert gateway.receipts(14)[-1]["estimate"]["quality"] == "prior"
        assert gateway.stop() == 0
        assert state.read_bytes() != bytes(data)  # written anew


OWN = """
models:
  gpt-4:
    vendor: Test
    context: 100000
    output_max: 4096
    tokenizer: cl100k
    score: { value: 60, source: test, as_of: 2026-11-01 }
    prices: [{ input: 2, output: 2, source: test }]
  nemo:
    vendor: Test
    context: 100000
    output_max: 4096
    tokenizer: tekken
    score: { value: 60, source: test, as_of: 2026-11-01 }
    prices: [{ input: 1, output: 1, source: test }]
"""


def tokens_of(text, tokenizer):
    found = subprocess.run([STEELYARD, "tokens", "--json", "--tokenizer", tokenizer, "-"], input=text.encode(), check=True,
                           stdout=subprocess.PIPE)
    return json.loads(found.stdout)["tokens"]


def test_who_is_chosen_counts_in_its_own_vocabulary():
    mock = Mock("gpt-4,2,2", "nemo,1,1")
    closed = Mock("nemo,1,1")
    closed.stop()
    text = "仓库报告说,第48213号订单的三个托盘被扫描了两次。 " * 40
    body = {"model": "auto", "messages": [{"role": "user", "content": text}], "max_tokens": 16}
    counts = {name: tokens_of(text, family) for name, family in (("gpt-4", "cl100k"), ("nemo", "tekken"), ("-", "o200k"))}
    assert len(set(counts.values())) == 3, counts
    only = {"one": (mock.port, ["gpt-4"])}
    for providers, tried in ((only, ["gpt-4"]), ({**only, "two": (closed.port, ["nemo"])}, ["nemo", "gpt-4"])):
        gateway = start(providers, catalog=OWN, budgets="[{ limit: $100, per: month }]", workers=1)
        with running(gateway):
            status, headers, data = gateway.chat(body)
            assert status == 200, data
            receipt = gateway.receipts(1)[0]
            assert [attempt["model"] for attempt in receipt["attempts"]] == tried, receipt["attempts"]
            estimate, wanted = receipt["estimate"], counts["gpt-4"] + 3 + 4
            assert (estimate["input_tokens"], estimate["input_tokens_upper"]) == (wanted, wanted), (estimate, counts)
            assert estimate["quality"] == "exact", estimate
            assert headers["x-steelyard-estimated-tokens"] == str(wanted)
            assert receipt["attempts"][-1]["held_nano_usd"] == 2000 * (wanted + 16), receipt["attempts"]
            asked = {"model": "gpt-4", "messages": body["messages"]}
            status, headers, answer = post(gateway, "/v1/messages/count_tokens", asked, {"x-api-key": KEY})
            assert (status, answer) == (200, {"input_tokens": wanted}), (answer, wanted)
            assert headers["x-steelyard-estimate-quality"] == "exact", headers
    with running(mock):
        pass


def arriving(gateway, body, pieces):
    """Sends a chat request in pieces with a pause between them; its receipt's time for counting, in ns, and its estimate."""
    data = json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as connection:
        connection.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
                            f"content-length: {len(data)}\r\nconnection: close\r\n\r\n").encode())
        step = len(data) // pieces + 1
        for at in range(0, len(data), step):
            connection.sendall(data[at:at + step])
            time.sleep(0.01)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
    receipt = gateway.receipts()[-1]
    early = receipt["durations_ns"].get("count_early", 0)
    assert (early > 0) is (len(data) > 65536), receipt["durations_ns"]
    return receipt["durations_ns"]["count"], receipt["estimate"]["input_tokens"]


def test_a_large_body_is_counted_while_it_arrives():
    mock, gateway = both()
    with running(mock, gateway):
        rates = {300: [], 6000: []}  # lines of 190 bytes: below what is counted early, and above
        for number in range(4):
            for lines in rates:
                text = "".join(f"{number}.{lines}.{line} {WORDS}\n" for line in range(lines))  # never seen before
                body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], "max_tokens": 16}
                spent, tokens = arriving(gateway, body, 16)
                rates[lines].append(spent / len(text))
                assert tokens == tokens_of(text, "o200k") + 7
        small, large = (min(rates[lines]) for lines in rates)
        print(f"      left to count after the last byte: {small:.3f} ns a byte of 57 KB, {large:.3f} of 1.1 MB")
        assert large < small / 2, rates


def test_a_prompt_that_is_slow_to_count_is_estimated_and_says_so():
    mock, gateway = both()
    dice = random.Random(4)
    text = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=1_400_000))  # one word, which no vocabulary knows
    with running(mock, gateway):
        for model in ("gpt-4o", "grok-9"):
            body = {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 16}
            status, headers, data = gateway.chat(body)
            assert status == 200, data
            receipt = gateway.receipts()[-1]
            estimate, truth = receipt["estimate"], tokens_of(text, "o200k") + 7
            print(f"      {model}: {receipt['durations_ns']['count'] / 1e6:.1f} ms, {estimate['input_tokens']} to "
                  f"{estimate['input_tokens_upper']} for {truth}")
            assert estimate["quality"] == "prior", estimate
            assert estimate["input_tokens_upper"] >= truth > 0.9 * estimate["input_tokens"] or model != "gpt-4o", (estimate, truth)
            assert headers["x-steelyard-estimated-tokens"] == str(estimate["input_tokens"])
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
        status, headers, answer = post(gateway, "/v1/messages/count_tokens", body, {"x-api-key": KEY})
        assert status == 200 and headers["x-steelyard-estimate-quality"] == "prior", (headers, answer)
        assert truth < answer["input_tokens"] * 1.1, (truth, answer)


def test_tokenizer_files_that_are_none_are_refused_by_name():
    gemma = '"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"}'
    cases = {"": "it is empty", "[]": "name one by --pattern", '{"a":1': "it is not JSON", '{"a":1}': "neither a tokenizer.json nor a tekken",
             '{"model":{}}': "pre_tokenizer", '{"model":{},"pre_tokenizer":[]}': "pre_tokenizer", '{"config":{"pattern":7}}': "neither",
             '{"model":{"byte_fallback":true}}': "normalizer", '{"model":{"byte_fallback":true},"normalizer":{"type":"NFKC"}}': "normalizer",
             '{"model":{"byte_fallback":true},' + gemma + "}": "model.vocab",
             '{"model":{"byte_fallback":true,"vocab":{"a":0}},' + gemma + "}": "256 tokens",
             '{"model":{"byte_fallback":true},' + gemma + ',"pre_tokenizer":{"type":"Metaspace"}}': "pre_tokenizer",
             '{"model":{"byte_fallback":true},' + gemma + ',"added_tokens":[{"content":"x","special":false,"lstrip":true}]}': "lstrip"}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "tokenizer.json"
        for text, clause in cases.items():
            file.write_text(text, encoding="utf-8")
            done = subprocess.run([STEELYARD, "tokens", "import", file, "-o", folder + "/out", "--name", "x"], capture_output=True, text=True)
            assert done.returncode == 1 and clause in done.stderr, (text, done)


def post(gateway, path, body, headers):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.request("POST", path, body if isinstance(body, str) else json.dumps(body), headers)
    answer = connection.getresponse()
    data = answer.read()
    found = {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    return answer.status, found, json.loads(data)


def test_count_tokens_of_anthropic():
    mock, gateway = both()
    with running(mock, gateway):
        path, key = "/v1/messages/count_tokens", {"x-api-key": KEY}
        plain = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello world"}]}
        status, headers, answer = post(gateway, path, plain, key)
        assert (status, answer) == (200, {"input_tokens": 9}), answer
        assert headers["x-steelyard-estimate-quality"] == "exact" and headers["x-steelyard-estimated-tokens"] == "9"
        rich = {"model": "grok-9", "system": [{"type": "text", "text": "Be brief."}], "messages": [
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}, {"type": "image", "source": {
                "type": "base64", "media_type": "image/png", "data": "iVBORw0KGgoAAAANSUhEUgAAAoAAAAHg"}}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "it"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "a cat"}]}],
            "tools": [{"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}]}
        status, headers, answer = post(gateway, path, rich, key)
        assert status == 200 and headers["x-steelyard-estimate-quality"] == "prior"
        assert 9 < answer["input_tokens"] <= int(headers["x-steelyard-estimated-tokens-max"])
        assert "x-steelyard-dropped-fields" not in headers
        rich["messages"][1]["content"].insert(0, {"type": "redacted_thinking", "data": "QQ=="})
        told = post(gateway, path, {**rich, "max_tokens": 9, "mcp_servers": [{"url": "x"}]}, key)[1]["x-steelyard-dropped-fields"]
        assert told == "thinking,fields,field.mcp_servers", told
        for body, wanted in (("{", 400), ('{"messages": 5}', 400), ("{}", 400), ('{"messages": [{"content": 1}]}', 400),
                             ('{"model": "nobody", "messages": []}', 404)):
            status, _, answer = post(gateway, path, body, key)
            assert status == wanted and answer["type"] == "error" and answer["error"]["message"], (body, status, answer)
        assert post(gateway, path, plain, {})[0] == 401
        assert mock.requests() == []


def test_count_tokens_of_gemini():
    mock, gateway = both()
    with running(mock, gateway):
        path, key = "/v1beta/models/gpt-4o:countTokens", {"x-goog-api-key": KEY}
        plain = {"contents": [{"role": "user", "parts": [{"text": "hello world"}]}]}
        status, headers, answer = post(gateway, path, plain, key)
        assert (status, answer) == (200, {"totalTokens": 9}), answer
        assert headers["x-steelyard-estimate-quality"] == "exact"
        whole = {"generateContentRequest": {**plain, "systemInstruction": {"parts": [{"text": "Be brief."}]}, "tools": [
            {"functionDeclarations": [{"name": "look", "parameters": {"type": "object"}}]}]}}
        status, _, answer = post(gateway, path, whole, key)
        assert status == 200 and answer["totalTokens"] > 20, answer
        told = post(gateway, path, {**plain, "tools": [{"googleSearch": {}}], "cachedContent": "c"}, key)[1]["x-steelyard-dropped-fields"]
        assert told == "tools,fields,field.cachedContent", told
        for body, wanted in (("[]", 400), ("{}", 400), ('{"contents": [{"parts": [{"text": 4}]}]}', 400)):
            status, _, answer = post(gateway, path, body, key)
            assert status == wanted and answer["error"]["status"] == "INVALID_ARGUMENT", (body, answer)
        assert post(gateway, "/v1beta/models/nobody:countTokens", plain, key)[0] == 404
        assert post(gateway, path, plain, {})[0] == 401


Cases(globals()).run()
