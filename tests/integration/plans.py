#!/usr/bin/env python3
"""Plans: seats, included quotas in money, tokens and uses of a tier, packs bought when a quota is gone; all in the books."""
import json
import pathlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import KEY, STEELYARD, Cases, Gateway, Mock, config, message, running, wait_until  # noqa: E402

# Free input and a milli-dollar for a token of output; the dear one alone is premium.
CATALOG = """
models:
  cheap:
    vendor: Test
    context: 128000
    output_max: 1000
    can: [tools]
    score: { value: 52, source: test, as_of: 2026-11-01 }
    prices: [{ input: 0, output: 1000, source: test }]
  dear:
    vendor: Test
    context: 128000
    output_max: 1000
    can: [tools]
    score: { value: 70, source: test, as_of: 2026-11-01 }
    prices: [{ input: 0, output: 10000, source: test }]
"""
DOLLAR = 10 ** 9


def gateway_of(mock, plan, more="ledger: { directory: books }"):
    text = config({"one": (mock.port, ["*"])}, budgets="[{ limit: $1000, per: month }]", more=more)
    text = text.replace("  standard: { min_score: 50 }", "  standard: { min_score: 50 }\n  premium: { min_score: 58 }")
    text = text.replace("      search:\n", f"      search:\n        plan: {plan}\n", 1)
    return Gateway(text, CATALOG, None, {"TEST_PROVIDER_KEY": "x"})


def account(gateway, name):
    return gateway.budgets()["plan:acme/search/" + name]


def figures(gateway, name):
    found = account(gateway, name)
    return found["posted_nano_usd"], found["held_nano_usd"], found["limit_nano_usd"]


def command(gateway, *words):
    done = subprocess.run([STEELYARD, *words, "--config", "gateway.yaml"], cwd=gateway.folder, env=gateway.environment,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def verified(gateway):
    # A worker counts its last request just after it has answered it.
    for left in range(20, -1, -1):
        (gateway.folder / "page.txt").write_bytes(gateway.admin("/metrics")[1])
        done = subprocess.run([STEELYARD, "ledger", "verify", "--metrics", "page.txt", "--config", "gateway.yaml"], cwd=gateway.folder,
                              env=gateway.environment, capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            break
        assert left, (done.stdout, done.stderr)
        time.sleep(0.1)
    assert "all agree" in done.stdout


def premium(gateway, **fields):
    return gateway.chat(message("x", model="tier:premium", max_tokens=10, **fields))


def test_fifty_premium_requests_a_day_then_the_next_tier_down():
    mock = Mock("cheap,0,1000", "dear,0,10000")
    mock.behave(output_tokens=5, latency_ms=20)
    gateway = gateway_of(mock, "{ included: [{ uses: 50, tier: premium, per: day, then: { max_tier: standard } }] }")
    with running(mock, gateway):
        with ThreadPoolExecutor(16) as clients:
            answers = list(clients.map(lambda _: premium(gateway), range(48)))
        assert all(s == 200 and h["x-steelyard-model"] == "dear" for s, h, _ in answers), answers[0]
        assert gateway.chat(message("x", model="dear", max_tokens=10))[0] == 200  # not counted: nobody asked for premium
        assert figures(gateway, "uses-premium-day") == (48, 0, 50)
        # One that failed and cost nothing is no use.
        status, _, _ = gateway.chat(message('{"mock":{"status":400}} x', model="tier:premium", max_tokens=10))
        assert status == 400 and figures(gateway, "uses-premium-day") == (48, 0, 50)
        assert [premium(gateway)[1]["x-steelyard-model"] for _ in range(4)] == ["dear", "dear", "cheap", "cheap"]
        assert figures(gateway, "uses-premium-day") == (50, 0, 50)
        page = gateway.admin("/metrics")[1].decode()
        assert 'steelyard_quota_used{quota="plan:acme/search/uses-premium-day",window="day",unit="uses"} 50' in page, page
        assert "plan:acme" not in "".join(line for line in page.split("\n") if "_usd{" in line)
        shown = command(gateway, "budget", "show")
        assert "50 uses" in shown and "100%" in shown, shown
        status, _, data = gateway.chat(message("x", model="tier:premium"), path="/route/explain")
        assert json.loads(data)["verdict"] and b"lowered" in gateway.chat(message("x", model="tier:premium"), path="/route/explain",
                                                                          headers={"accept": "text/plain"})[2]
        verified(gateway)


def test_a_quota_without_more_is_refused_with_its_name_and_moment():
    mock = Mock("cheap,0,1000", "dear,0,10000")
    mock.behave(output_tokens=5)
    gateway = gateway_of(mock, "{ included: [{ uses: 2, per: day }] }")
    with running(mock, gateway):
        assert [gateway.chat(message("x"))[0] for _ in range(2)] == [200, 200]
        status, headers, data = gateway.chat(message("x"))
        error = json.loads(data)["error"]
        assert status == 429 and error["code"] == "budget_exceeded" and "2 uses per day is used up" in error["message"], error
        assert 0 < int(headers["retry-after"]) <= 86400 and headers["x-should-retry"] == "false"
        assert gateway.budgets()["acme"]["held_nano_usd"] == 0 and mock.bill()["total"]["requests"] == 2
        verified(gateway)
        # A killed gateway sells no use twice.
        gateway.kill()
        gateway.start()
        assert gateway.chat(message("x"))[0] == 429 and figures(gateway, "uses-day") == (2, 0, 2)


def test_tokens_are_counted_and_packs_bought_up_to_their_bound():
    mock = Mock("cheap,0,1000")
    mock.behave(output_tokens=100, input_tokens=10)
    gateway = gateway_of(mock, "{ included: [{ tokens: 500, per: month, packs: { price: $2, tokens: 300, most: 2 } }] }")
    with running(mock, gateway):
        sent = 0
        while True:
            status, _, data = gateway.chat(message("x", max_tokens=100))
            if status != 200:
                break
            sent += 1
            assert sent < 30
        posted, held, limit = figures(gateway, "tokens-month")
        assert (posted, held) == (110 * sent, 0) and limit == 500 + 2 * 300, (posted, held, limit, sent)
        assert "no further pack" in json.loads(data)["error"]["message"], data
        assert figures(gateway, "packs")[0] == 4 * DOLLAR
        fees = [json.loads(line) for line in (gateway.folder / "books/fees.jsonl").read_text().splitlines()]
        assert sum(f["nano_usd"] for f in fees) == 4 * DOLLAR and sum(f["count"] for f in fees) == 2, fees
        found = json.loads(command(gateway, "report", "--by", "team", "--format", "json"))
        [row] = found["rows"]
        assert row["fees_nano_usd"] == found["total"]["fees_nano_usd"] == 4 * DOLLAR, found
        assert row["spend_nano_usd"] == sent * 100 * DOLLAR // 1000  # what the models cost is another matter
        assert json.loads(command(gateway, "report", "--by", "model", "--format", "json"))["total"]["fees_nano_usd"] == 0
        verified(gateway)


def test_a_storm_buys_no_pack_too_many():
    mock = Mock("cheap,0,1000")
    mock.behave(output_tokens=10, latency_ms=100)
    gateway = gateway_of(mock, "{ included: [{ uses: 10, per: day, packs: { price: $1, uses: 5, most: 4 } }] }")
    with running(mock, gateway):
        with ThreadPoolExecutor(60) as clients:
            answers = list(clients.map(lambda _: gateway.chat(message("x", max_tokens=10))[0], range(60)))
        assert answers.count(200) == 30 and answers.count(429) == 30, answers
        assert figures(gateway, "uses-day") == (30, 0, 30) and figures(gateway, "packs")[0] == 4 * DOLLAR
        assert gateway.budgets()["acme"]["posted_nano_usd"] == mock.bill()["total"]["nano_usd"]
        verified(gateway)


def test_money_included_and_a_pack_of_money():
    mock = Mock("cheap,0,1000")
    mock.behave(output_tokens=100)
    gateway = gateway_of(mock, "{ included: [{ money: $0.25, packs: { price: $0.2, money: $0.5, most: 1 } }] }")
    with running(mock, gateway):
        statuses = [gateway.chat(message("x", max_tokens=100))[0] for _ in range(9)]
        assert statuses == [200] * 7 + [429] * 2, statuses
        assert figures(gateway, "money-month") == (DOLLAR * 7 // 10, 0, DOLLAR * 3 // 4)
        assert account(gateway, "money-month").get("unit") is None
        verified(gateway)


def test_seats_are_charged_once_a_window_also_over_restarts_and_more_of_them():
    mock = Mock("cheap,0,1000")
    plan = "{ seats: 10, seat_fee: $20, per: month, time_zone: Europe/Berlin }"
    gateway = gateway_of(mock, plan)
    with running(mock, gateway):
        assert figures(gateway, "seats") == (200 * DOLLAR, 0, 200 * DOLLAR)
        gateway.kill()
        gateway.start()
        assert figures(gateway, "seats")[0] == 200 * DOLLAR
        text = (gateway.folder / "gateway.yaml").read_text().replace("seats: 10", "seats: 12")
        gateway.write("gateway.yaml", text)
        assert gateway.stop() == 0
        gateway.start()
        wait_until(lambda: figures(gateway, "seats")[0] == 240 * DOLLAR)
        assert gateway.chat(message("x"), key=KEY)[0] == 200  # fees stop nobody
        gateway.receipts(1)
        found = json.loads(command(gateway, "report", "--by", "team,month", "--format", "json"))
        assert found["total"]["fees_nano_usd"] == 240 * DOLLAR and len(found["rows"]) == 1, found
        assert "$240" in command(gateway, "budget", "show")


def test_what_is_wrong_with_a_plan_is_said():
    rows = [("{ included: [{ per: day }] }", "C0104"), ("{ included: [{ uses: 5, money: $5 }] }", "C0104"),
            ("{ included: [{ uses: 5, tier: gold }] }", "C0402"), ("{ included: [{ tokens: 5, tier: premium }] }", "C0450"),
            ("{ seats: 5 }", "C0451"), ("{ included: [{ uses: 5 }, { uses: 6 }] }", "C0452"),
            ("{ included: [{ uses: 5, packs: { price: $1, tokens: 5 } }] }", "C0104"), ("{ included: [{ uses: 0 }] }", "C0202")]
    mock = Mock("cheap,0,1000")
    gateway = gateway_of(mock, "{ seats: 1, seat_fee: $1 }")
    with running(mock, gateway):
        good = (gateway.folder / "gateway.yaml").read_text()
        for plan, code in rows:
            gateway.write("gateway.yaml", good.replace("{ seats: 1, seat_fee: $1 }", plan))
            done = subprocess.run([STEELYARD, "check", "--config", "gateway.yaml"], cwd=gateway.folder, env=gateway.environment,
                                  capture_output=True, text=True)
            assert done.returncode == (0 if code == "C0451" else 1) and code in done.stdout + done.stderr, (plan, done.stdout, done.stderr)


if __name__ == "__main__":
    Cases(globals()).run()
