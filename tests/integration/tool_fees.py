#!/usr/bin/env python3
"""Web searches that the provider makes for the model: held, billed by the piece, told, refused without a price."""
import csv
import io
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import CATALOG, STEELYARD, Cases, Mock, events, message, running, speaking  # noqa: E402

EACH = 14_000_000  # nano-dollars: $14 per 1,000
PRICED, UNKNOWN = CATALOG.replace("web_search: 10", "web_search: 14"), CATALOG.replace(" web_search: 10,", "")
DIALECTS = ("anthropic", "responses", "gemini", "openai")


def request(dialect, stream=False, limit=None, text="Who won?"):
    """(path, body) of a request that lets the provider search; `limit`: how often at most."""
    if dialect == "anthropic":
        tool = {"type": "web_search_20260318", "name": "web_search", **({"max_uses": limit} if limit else {})}
        return "/v1/messages", {"model": "cheap", "max_tokens": 50, "stream": stream, "tools": [tool],
                                "messages": [{"role": "user", "content": text}]}
    if dialect == "responses":
        return "/v1/responses", {"model": "cheap", "input": text, "stream": stream, "tools": [{"type": "web_search"}],
                                 "max_output_tokens": 50, **({"max_tool_calls": limit} if limit else {})}
    if dialect == "openai":
        return "/v1/chat/completions", message(text, model="cheap", stream=stream, web_search_options={}, max_tokens=50)
    body = {"contents": [{"role": "user", "parts": [{"text": text}]}], "tools": [{"googleSearch": {}}],
            "generationConfig": {"maxOutputTokens": 50}}
    return f"/v1beta/models/cheap:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}", body


def test_what_was_searched_is_billed_in_every_dialect_whole_and_streamed():
    for dialect in DIALECTS:
        made = 1 if dialect == "openai" else 3  # Chat does not say how often
        mock = Mock("cheap,1,2", web_searches=made, web_search_nano_usd=EACH)
        gateway = speaking(mock, dialect, PRICED)
        with running(mock, gateway):
            for stream in (False, True):
                path, body = request(dialect, stream)
                status, _, data = gateway.chat(body, path=path)
                assert status == 200, (dialect, data)
                if dialect == "responses":  # passed on as they came
                    answer = json.loads(events(data)[-1])["response"] if stream else json.loads(data)
                    assert [i["type"] for i in answer["output"]].count("web_search_call") == made + 1, data
            receipts, total = gateway.receipts(2), mock.bill()["total"]
            assert total["web_searches"] == 2 * made, total
            for r in receipts:
                assert r["web_searches"] == made and r["usage_source"] == "provider", (dialect, r)
                assert r["spend_nano_usd"] > made * EACH and not r["overrun_nano_usd"], (dialect, r)
                assert r["attempts"][0]["held_nano_usd"] >= (1 if dialect == "openai" else 10) * EACH, (dialect, r)
            assert sum(r["spend_nano_usd"] for r in receipts) == total["nano_usd"], (dialect, receipts, total)
            page = gateway.admin("/metrics")[1].decode()
            assert f'steelyard_web_searches_total{{provider="one",model="cheap"}} {2 * made}' in page, dialect


def test_the_hold_is_bounded_by_what_the_request_allows():
    for dialect, limited in (("anthropic", True), ("responses", True), ("anthropic", False), ("gemini", False), ("openai", False)):
        mock = Mock("cheap,1,2", web_searches=1, web_search_nano_usd=EACH)
        gateway = speaking(mock, dialect, PRICED, budgets="[{ limit: $0.05, per: month }]", more="web_searches_default: 4")
        with running(mock, gateway):
            path, body = request(dialect, limit=2 if limited else None)
            status, _, data = gateway.chat(body, path=path)
            few = limited or dialect == "openai"
            assert status == (200 if few else 429), (dialect, limited, data)
            if few:
                [r] = gateway.receipts(1)
                most = 1 if dialect == "openai" else 2
                assert most * EACH <= r["attempts"][0]["held_nano_usd"] < (most + 1) * EACH, r
            else:
                assert mock.bill()["total"]["requests"] == 0
                assert json.loads(data)["error"]["message"].count("$") >= 1, data


def test_more_than_was_allowed_is_booked_in_full_and_recorded_as_overrun():
    mock = Mock("cheap,1,2", web_searches=5, web_search_nano_usd=EACH)
    gateway = speaking(mock, "anthropic", PRICED)
    with running(mock, gateway):
        path, body = request("anthropic", limit=2)
        assert gateway.chat(body, path=path)[0] == 200
        [r] = gateway.receipts(1)
        assert r["spend_nano_usd"] == mock.bill()["total"]["nano_usd"] > 5 * EACH, r
        assert r["overrun_nano_usd"] == r["spend_nano_usd"] - r["attempts"][0]["held_nano_usd"] > 0, r


def test_a_search_whose_price_nobody_knows_is_refused_where_money_is_limited():
    for dialect in DIALECTS:
        mock = Mock("cheap,1,2", web_searches=1)
        gateway = speaking(mock, dialect, UNKNOWN)
        with running(mock, gateway):
            path, body = request(dialect)
            status, _, data = gateway.chat(body, path=path)
            assert status == 403 and b"`cheap`" in data and b"price of a tool" in data, (dialect, status, data)
            assert mock.bill()["total"]["requests"] == 0
            del body["web_search_options" if dialect == "openai" else "tools"]
            assert gateway.chat(body, path=path)[0] == 200
    # So is one whose tool has another fee; unless the operator says that nobody shall count them.
    for unpriced, expected in (("refuse", False), ("pass", True)):
        mock = Mock("cheap,1,2")
        gateway = speaking(mock, "responses", PRICED, more=f"unpriced_tools: {unpriced}")
        with running(mock, gateway):
            for tool in ({"type": "file_search", "vector_store_ids": ["v"]}, {"type": "code_interpreter", "container": "c"}):
                status, _, data = gateway.chat({"model": "cheap", "input": "x", "tools": [tool]}, path="/v1/responses")
                assert (status == 200) is expected and (expected or b"`cheap`" in data), (tool, status, data)
    # Nobody's money is limited: it goes, and costs its tokens.
    mock = Mock("cheap,1,2", web_searches=1)
    gateway = speaking(mock, "anthropic", UNKNOWN, budgets="")
    with running(mock, gateway):
        path, body = request("anthropic")
        assert gateway.chat(body, path=path)[0] == 200
        assert gateway.receipts(1)[0]["web_searches"] == 1


def test_a_stream_that_breaks_off_may_have_searched_as_often_as_it_might():
    mock = Mock("cheap,1,2", web_searches=2, web_search_nano_usd=EACH, fault="cut", after_chunks=2)
    gateway = speaking(mock, "responses", PRICED)
    with running(mock, gateway):
        path, body = request("responses", stream=True, limit=3)
        gateway.chat(body, path=path)
        [r] = gateway.receipts(1)
        attempts = r["attempts"]
        assert all(a["usage_source"] == "estimated" and a["cost_nano_usd"] >= 3 * EACH for a in attempts), r
        assert all(a["cost_nano_usd"] <= a["held_nano_usd"] for a in attempts) and not r["overrun_nano_usd"], r


def test_another_dialect_does_not_get_the_tool_and_holds_and_pays_for_no_search():
    mock = Mock("cheap,1,2")
    gateway = speaking(mock, "openai", UNKNOWN)  # where nobody knows a price of it either
    with running(mock, gateway):
        path, body = request("anthropic")
        assert gateway.chat(body, path=path)[0] == 200
        [r] = gateway.receipts(1)
        assert r["spend_nano_usd"] == mock.bill()["total"]["nano_usd"] and "web_searches" not in r, r
        assert r["attempts"][0]["held_nano_usd"] < EACH, r


def test_reports_show_them_as_a_charge_of_their_own():
    mock = Mock("cheap,1,2", web_searches=3, web_search_nano_usd=EACH)
    gateway = speaking(mock, "anthropic", PRICED, more="ledger: { directory: books }")
    with running(mock, gateway):
        for _ in range(2):
            path, body = request("anthropic")
            assert gateway.chat(body, path=path)[0] == 200
        spent = sum(r["spend_nano_usd"] for r in gateway.receipts(2))

        def report(*words):
            done = subprocess.run([STEELYARD, "report", "--config", "gateway.yaml", *words], cwd=gateway.folder, env=gateway.environment,
                                  capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            return done.stdout

        assert json.loads(report("--format", "json"))["total"]["web_searches"] == 6
        assert "web_searches" in report("--by", "team")
        rows = list(csv.DictReader(io.StringIO(report("--format", "focus"))))
        [row] = [r for r in rows if r["SkuMeter"] == "Web searches"]
        assert row["ConsumedQuantity"] == "6" and row["ConsumedUnit"] == "Searches" and row["PricingUnit"] == "1000 Searches", row
        assert row["BilledCost"] == "0.084000000" and row["ListUnitPrice"] == "14.000000" and row["PricingQuantity"] == "0.006", row
        assert sum(int(r["BilledCost"].replace(".", "")) for r in rows) == spent, rows
        verify = subprocess.run([STEELYARD, "ledger", "verify", "--config", "gateway.yaml"], cwd=gateway.folder, env=gateway.environment,
                                capture_output=True, text=True, timeout=60)
        assert verify.returncode == 0, verify.stdout + verify.stderr


if __name__ == "__main__":
    Cases(globals()).run()
