#!/usr/bin/env python3
"""A team is stopped exactly at its budget, whatever is under way; a killed gateway forgets no money."""
import asyncio
import json
import os
import pathlib
import random
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import KEY, Cases, Mock, message, running, start, wait_until  # noqa: E402

# $1,000 per million output tokens and free input: 100 tokens of output are exactly $0.10.
TEN_CENTS = """
models:
  ten-cents:
    vendor: Test
    context: 128000
    output_max: 100
    can: [tools]
    score: { value: 60, source: test, as_of: 2026-11-01 }
    prices: [{ input: 0, output: 1000, source: test }]
"""
BODY = json.dumps(message("x", max_tokens=100)).encode()
REQUEST = (b"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\nauthorization: Bearer "
           + KEY.encode() + b"\r\ncontent-length: " + str(len(BODY)).encode() + b"\r\n\r\n" + BODY)


async def ask(port, answers):
    """One request on its own connection; the status, or 0 if it broke."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        data = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        answers.append((int(data[9:12]) if data else 0, data))
    except (OSError, ValueError, asyncio.TimeoutError):
        answers.append((0, b""))


def storm(port, count):
    answers = []

    async def all_of_them():
        await asyncio.gather(*(ask(port, answers) for _ in range(count)))

    asyncio.run(all_of_them())
    return answers


def test_a_thousand_at_once_against_five_dollars_admit_exactly_fifty():
    mock = Mock("ten-cents,0,1000")
    mock.behave(output_tokens=100, latency_ms=300)
    gateway = start({"one": (mock.port, ["*"])}, TEN_CENTS, budgets="[{ limit: $100, per: month }]",
                    team_budgets="[{ limit: $5.00, per: month }]", key_budgets="[{ limit: $50, per: day }]")
    with running(mock, gateway):
        answers = storm(gateway.port, 1000)
        statuses = [status for status, _ in answers]
        assert statuses.count(200) == 50, {s: statuses.count(s) for s in set(statuses)}
        assert statuses.count(429) == 950
        refusal = next(data for status, data in answers if status == 429).decode()
        head, body = refusal.split("\r\n\r\n", 1)
        assert "x-should-retry: false" in head and "retry-after: " in head, head
        error = json.loads(body)
        assert error["error"]["code"] == "budget_exceeded" and error["error"]["type"] == "insufficient_quota"
        assert error["error"]["steelyard"]["budget"] == "acme/search", error
        bill = mock.bill()
        assert bill["total"]["requests"] == 50 and bill["total"]["nano_usd"] == 5_000_000_000
        assert len(mock.requests(2000)) <= 64 and bill["total"].get("errors", 0) == 0
        budgets = gateway.budgets()
        for scope in ("acme", "acme/search", "acme/search/search-prod"):
            assert budgets[scope]["posted_nano_usd"] == 5_000_000_000, (scope, budgets)
            assert budgets[scope]["held_nano_usd"] == 0
        receipts = gateway.receipts(1000, 20)
        assert sum(r["spend_nano_usd"] for r in receipts) == 5_000_000_000
        assert len({r["request_id"] for r in receipts}) == 1000
        assert sum(1 for r in receipts if r["attempts"]) == 50  # refused: no attempt, no upstream byte


def test_the_refusal_may_be_402_and_a_restart_does_not_refill_the_budget():
    mock = Mock("ten-cents,0,1000")
    mock.behave(output_tokens=100)
    gateway = start({"one": (mock.port, ["*"])}, TEN_CENTS, team_budgets="[{ limit: $0.25, per: month }]",
                    more="ledger: { refusal_status: 402 }")
    with running(mock, gateway):
        statuses = [gateway.chat(BODY)[0] for _ in range(3)]
        assert statuses == [200, 200, 402], statuses
        assert gateway.stop() == 0
        gateway.start()
        assert gateway.chat(BODY)[0] == 402
        assert gateway.budgets()["acme/search"]["posted_nano_usd"] == 200_000_000
        # A new limit in a reloaded file applies at once, usage kept.
        text = (gateway.folder / "gateway.yaml").read_text().replace("$0.25", "$0.35")
        gateway.write("gateway.yaml", text)
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: gateway.budgets()["acme/search"]["limit_nano_usd"] == 350_000_000)
        assert [gateway.chat(BODY)[0] for _ in range(2)] == [200, 402]


def test_killed_during_load_the_ledger_never_forgets_what_was_billed():
    seed = int(os.environ.get("SEED", str(time.time_ns() % 1_000_000)))
    print("SEED", seed)
    chance = random.Random(seed)
    mock = Mock("ten-cents,0,1000")
    gateway = start({"one": (mock.port, ["*"])}, TEN_CENTS, team_budgets="[{ limit: $1000, per: month }]")
    with running(mock, gateway):
        for rounds in range(1, 7):
            mock.behave(output_tokens=100, latency_ms=20, latency_p50_ms=10, latency_p90_ms=60, latency_p99_ms=90)
            asyncio.run(storm_and_kill(gateway, chance.uniform(0.05, 0.4)))
            wait_until(lambda: quiet(mock))
            bill = mock.bill()["total"]["nano_usd"]
            gateway.start()
            budget = gateway.budgets()["acme/search"]
            # In flight at the kill: posted in full, never refunded. Nothing held by the dead.
            assert budget["held_nano_usd"] == 0, budget
            assert budget["posted_nano_usd"] >= bill, (budget, bill)
            assert budget["posted_nano_usd"] <= bill + rounds * 32 * 100_000_000, (budget, bill)
            before = budget["posted_nano_usd"]
            assert gateway.chat(BODY)[0] == 200
            assert gateway.budgets()["acme/search"]["posted_nano_usd"] == before + 100_000_000


def test_a_stream_longer_than_its_lease_keeps_its_hold():
    mock = Mock("ten-cents,0,1000")
    gateway = start({"one": (mock.port, ["*"])}, TEN_CENTS, budgets="[{ limit: $5, per: month }]",
                    more="ledger: { lease: 1s }")
    with running(mock, gateway):
        mock.behave(output_tokens=70, interval_ms=60)  # about four seconds, at seven cents
        holds = []
        with ThreadPoolExecutor(1) as client:
            begun = time.monotonic()
            answer = client.submit(gateway.chat, message("x", stream=True, max_tokens=100))
            wait_until(lambda: gateway.budgets()["acme"]["held_nano_usd"] == 100_000_000)
            while not answer.done():
                budget = gateway.budgets()["acme"]
                holds.append((budget["held_nano_usd"], budget["posted_nano_usd"]))
                time.sleep(0.1)
            assert time.monotonic() - begun > 2.5, "too short to prove anything"
        status, _, data = answer.result()
        assert status == 200 and data.decode().rstrip().endswith("[DONE]"), data[-200:]
        assert set(holds) <= {(100_000_000, 0), (0, 70_000_000)}, holds
        budget = gateway.budgets()["acme"]
        assert (budget["held_nano_usd"], budget["posted_nano_usd"]) == (0, 70_000_000), budget
        assert b"steelyard_reservations_expired_total 0" in gateway.admin("/metrics")[1]


def quiet(mock):
    first = mock.bill()["total"]
    time.sleep(0.15)
    return mock.bill()["total"] == first


async def storm_and_kill(gateway, seconds):
    over = False  # wait_for may swallow a cancellation, so a flag ends the loop as well

    async def loop():
        while not over:
            await ask(gateway.port, [])

    tasks = [asyncio.create_task(loop()) for _ in range(32)]
    await asyncio.sleep(seconds)
    gateway.kill()
    over = True
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    Cases(globals()).run()
