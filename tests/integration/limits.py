#!/usr/bin/env python3
"""Rates, budgets of users, tags, models and projects, approvals, idempotency keys: as a client and an operator see them."""
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import KEY, STEELYARD, Cases, Gateway, Mock, config, message, running, wait_until  # noqa: E402

# 100 tokens of output are exactly $0.10, input is free.
TEN_CENTS = """
models:
  ten-cents:
    vendor: Test
    context: 128000
    output_max: 100
    can: [tools]
    score: { value: 60, source: test, as_of: 2026-11-01 }
    prices: [{ input: 0, output: 1000, source: test }]
  other-model:
    vendor: Test
    context: 128000
    output_max: 100
    can: [tools]
    score: { value: 59, source: test, as_of: 2026-11-01 }
    prices: [{ input: 0, output: 1000, source: test }]
"""
BODY = message("x", model="ten-cents", max_tokens=100)


def gateway_with(mock, team="", key="", catalog=TEN_CENTS, **parts):
    """A gateway whose team and key have further lines."""
    text = config({"one": (mock.port, ["*"])}, **parts)
    text = text.replace("      search:\n", "      search:\n" + "".join(f"        {line}\n" for line in team.splitlines()))
    text = text.replace("explain: true", "explain: true" + (", " + key if key else ""))
    return Gateway(text, catalog, None, {"TEST_PROVIDER_KEY": "sk-provider-canary"})


def ten_cents_mock(**behaviour):
    mock = Mock("ten-cents,0,1000", "other-model,0,1000")
    mock.behave(output_tokens=100, **behaviour)
    return mock


def raw(gateway, path, body, headers):
    """The bytes of an answer, head and all, until the gateway closes."""
    data = json.dumps(body).encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", gateway.port), 20) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\n{lines}"
                           f"content-length: {len(data)}\r\n\r\n".encode() + data)
        out = b""
        while chunk := connection.recv(65536):
            out += chunk
    return out


def test_requests_a_minute_are_exact_over_two_workers_and_the_refusal_says_when():
    mock = ten_cents_mock()
    gateway = gateway_with(mock, "rate: { requests: 40/min, tokens: 1M/min }", "rate: { requests: 1000/min }")
    with running(mock, gateway):
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: gateway.chat(BODY), range(120)))
        assert sum(1 for status, _, _ in answers if status == 200) == 40
        assert mock.bill()["total"]["requests"] == 40
        good = next(head for status, head, _ in answers if status == 200)
        assert good["x-ratelimit-limit-requests"] == "40" and int(good["x-ratelimit-remaining-requests"]) < 40
        assert good["x-ratelimit-limit-tokens"] == "1000000" and good["x-ratelimit-reset-tokens"].endswith("s")
        status, head, data = next(answer for answer in answers if answer[0] != 200)
        error = json.loads(data)["error"]
        assert (status, error["code"], error["type"]) == (429, "rate_limit_exceeded", "rate_limit_error"), error
        assert "`acme/search`" in error["message"] and "40 requests" in error["message"], error
        assert 1 <= int(head["retry-after"]) <= 61 and head["x-ratelimit-remaining-requests"] == "0", head
        assert "x-should-retry" not in head
        # What was refused was never charged, and never sent.
        assert sum(1 for r in gateway.receipts(120) if r["attempts"]) == 40


def test_tokens_not_used_are_free_again_and_a_request_above_the_limit_is_told_so():
    mock = ten_cents_mock()
    mock.behave(output_tokens=10)
    gateway = gateway_with(mock, "rate: { tokens: 400/min }")
    with running(mock, gateway):
        statuses = []
        for _ in range(30):
            statuses.append(gateway.chat(BODY)[0])
        # Each takes some 110 in advance and uses about 20: far more than three go through.
        assert 10 <= statuses.count(200) < 30, statuses
        big = message("word " * 1000, model="ten-cents", max_tokens=100)
        status, head, data = gateway.chat(big)
        assert status == 429 and head["x-should-retry"] == "false" and "retry-after" not in head, head
        assert "max_tokens" in json.loads(data)["error"]["message"]


def test_anthropic_clients_get_their_own_names():
    mock = ten_cents_mock()
    gateway = gateway_with(mock, "rate: { requests: 2/min }")
    with running(mock, gateway):
        body = {"model": "ten-cents", "max_tokens": 50, "messages": [{"role": "user", "content": "x"}]}
        status, head, _ = gateway.chat(body, path="/v1/messages")
        assert status == 200 and head["anthropic-ratelimit-requests-limit"] == "2", head
        assert head["anthropic-ratelimit-requests-remaining"] == "1"
        assert head["anthropic-ratelimit-requests-reset"].endswith("Z") and "T" in head["anthropic-ratelimit-requests-reset"]
        gateway.chat(body, path="/v1/messages")
        status, head, data = gateway.chat(body, path="/v1/messages")
        assert status == 429 and json.loads(data)["error"]["type"] == "rate_limit_error", data
        assert int(head["retry-after"]) >= 1


def test_budgets_of_a_user_a_tag_a_model_and_a_project():
    mock = ten_cents_mock()
    team = ("trust_user: true\n"
            "projects: { checkout: { budgets: [{ limit: $1.05, per: day }] } }\n"
            'budgets: [{ each: user, limit: $0.25, per: day }, { tag: batch, limit: $0.15, per: month },'
            ' { model: "other-*", limit: $0.12, per: rolling 24h }]')
    gateway = gateway_with(mock, team, "project: checkout")
    with running(mock, gateway):
        def ask(user=None, tags=None, **fields):
            body = dict(BODY, **fields)
            if user:
                body["user"] = user
            return gateway.chat(body, headers={"x-steelyard-tags": tags} if tags else None)

        assert [ask("alice")[0] for _ in range(3)] == [200, 200, 429]
        status, _, data = ask("alice")
        error = json.loads(data)["error"]
        assert error["steelyard"]["budget"] == "acme/search/user:alice", error
        for said in ("$0.05 left of $0.25", "spent $0.2", "held $0"):
            assert said in error["message"], error["message"]
        assert ask("bob")[0] == 200
        assert [ask("carol", "nightly, batch")[0], ask("dave", "batch")[0]] == [200, 429]
        assert [ask("erin", model="other-model")[0], ask("frank", model="other-model")[0]] == [200, 429]
        rolling = json.loads(ask("frank", model="other-model")[2])["error"]["steelyard"]
        assert (rolling["budget"], rolling["per"]) == ("acme/search/model:other-*", "rolling"), rolling
        # So far 2 + 1 + 1 + 1 requests: the project has room for five more.
        assert [ask(f"user{n}")[0] for n in range(6)] == [200] * 5 + [429]
        budgets = gateway.budgets()
        assert budgets["acme/search/project:checkout"]["posted_nano_usd"] == 1_000_000_000
        assert budgets["acme/search/user:bob"]["posted_nano_usd"] == 100_000_000
        metrics = gateway.admin("/metrics")[1].decode()
        assert "acme/search/tag:batch" in metrics and "user:bob" not in metrics
        assert gateway.stop() == 0
        gateway.start()
        assert ask("alice")[0] == 429 and ask("carol", "batch")[0] == 429


def test_an_operator_approves_and_the_journal_knows():
    mock = ten_cents_mock()
    gateway = gateway_with(mock, "budgets: [{ limit: $1, per: month, at: { 30%: require_approval, 100%: block } }]",
                           more="ledger: { directory: books }")
    with running(mock, gateway):
        assert [gateway.chat(BODY)[0] for _ in range(4)] == [200, 200, 200, 429]
        status, head, data = gateway.chat(BODY)
        error = json.loads(data)["error"]
        assert error["code"] == "approval_required" and error["steelyard"]["needs_approval_percent"] == 30, error
        assert "steelyard budget approve" in error["message"] and head["x-should-retry"] == "false"
        text = (gateway.folder / "gateway.yaml").read_text()
        gateway.write("cli.yaml", text.replace('"127.0.0.1:0", token', f'"127.0.0.1:{gateway.admin_port}", token'))
        done = subprocess.run([STEELYARD, "budget", "approve", "acme/search", "--note", "launch", "--config", "cli.yaml"],
                              cwd=gateway.folder, capture_output=True, text=True, env=gateway.environment)
        assert done.returncode == 0, done
        assert [gateway.chat(BODY)[0] for _ in range(8)] == [200] * 7 + [429]
        again = subprocess.run([STEELYARD, "budget", "approve", "acme/search", "--config", "cli.yaml"],
                               cwd=gateway.folder, capture_output=True, text=True, env=gateway.environment)
        assert again.returncode == 1 and "nothing that needs approval" in again.stderr + again.stdout, again
        gateway.kill()
        gateway.start()
        assert json.loads(gateway.chat(BODY)[2])["error"]["code"] == "budget_exceeded"  # approved, and at its limit
        assert b"launch" in b"".join(p.read_bytes() for p in (gateway.folder / "books").glob("segment-*"))


def test_one_key_is_one_charge_whole_and_streamed():
    mock = ten_cents_mock()
    gateway = gateway_with(mock, "budgets: [{ limit: $5, per: month }]")
    with running(mock, gateway):
        for body in (BODY, dict(BODY, stream=True)):
            before = mock.bill()["total"]["requests"]
            name = {"idempotency-key": f"order-{body.get('stream')}"}
            first = raw(gateway, "/v1/chat/completions", body, name)
            second = raw(gateway, "/v1/chat/completions", body, name)
            assert first.startswith(b"HTTP/1.1 200") and b"idempotent-replayed: true\r\n" in second
            plain = second.replace(b"idempotent-replayed: true\r\n", b"")
            assert plain == first.replace(b"connection: close\r\n", b""), (first, second)
            assert mock.bill()["total"]["requests"] == before + 1
            other = gateway.chat(dict(body, max_tokens=99), headers=name)
            assert other[0] == 422 and other[1]["x-should-retry"] == "false", other
            assert "another request" in json.loads(other[2])["error"]["message"]
        assert gateway.chat(BODY, headers={"idempotency-key": "x" * 256})[0] == 400
        assert gateway.budgets()["acme/search"]["posted_nano_usd"] == 200_000_000
        receipts = gateway.receipts()
        assert len({r["request_id"] for r in receipts}) == len(receipts)
        assert sum(r["spend_nano_usd"] for r in receipts) == 200_000_000


def test_while_the_first_is_under_way_the_second_is_told_to_wait():
    mock = ten_cents_mock(latency_ms=700)
    gateway = gateway_with(mock)
    with running(mock, gateway), ThreadPoolExecutor(1) as pool:
        name = {"idempotency-key": "slow"}
        first = pool.submit(gateway.chat, BODY, KEY, name)
        wait_until(lambda: mock.bill()["total"]["requests"] == 1 or len(mock.requests()) == 1)
        status, head, data = gateway.chat(BODY, headers=name)
        assert (status, head["retry-after"], head["x-should-retry"]) == (409, "1", "true"), head
        assert "under way" in json.loads(data)["error"]["message"]
        assert first.result()[0] == 200
        assert named(gateway, BODY, "slow")[2] == first.result()[2]
        assert mock.bill()["total"]["requests"] == 1


def named(gateway, body, name):
    """Asks with an idempotency key. One whose answer is here is never "under way" any more."""
    return gateway.chat(body, headers={"idempotency-key": name})


def test_what_was_not_charged_may_be_asked_again_and_what_was_is_known_after_a_kill():
    mock = ten_cents_mock()
    gateway = gateway_with(mock, "budgets: [{ limit: $5, per: month }]", more="ledger: { directory: books }")
    with running(mock, gateway):
        mock.behave(output_tokens=100, status=400)
        assert [named(gateway, BODY, "a")[0] for _ in range(2)] == [400, 400]
        mock.behave(output_tokens=100, status=0)
        assert named(gateway, BODY, "a")[0] == 200
        assert named(gateway, BODY, "a")[1]["idempotent-replayed"] == "true"
        gateway.kill()
        gateway.start()
        status, head, data = named(gateway, BODY, "a")
        assert status == 409 and head["x-should-retry"] == "false", (status, head)
        assert "was charged" in json.loads(data)["error"]["message"]
        assert named(gateway, dict(BODY, max_tokens=7), "a")[0] == 422
        assert named(gateway, BODY, "b")[0] == 200


def test_a_reload_changes_a_rate_at_once_and_keeps_what_was_taken():
    mock = ten_cents_mock()
    gateway = gateway_with(mock, "rate: { requests: 5/min }")
    with running(mock, gateway):
        assert [gateway.chat(BODY)[0] for _ in range(6)] == [200] * 5 + [429]
        gateway.write("gateway.yaml", (gateway.folder / "gateway.yaml").read_text().replace("5/min", "7/min"))
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: gateway.chat(BODY)[1].get("x-ratelimit-limit-requests") == "7")
        assert [gateway.chat(BODY)[0] for _ in range(3)].count(200) <= 1
        assert mock.bill()["total"]["requests"] == 7


if __name__ == "__main__":
    Cases(globals()).run()
