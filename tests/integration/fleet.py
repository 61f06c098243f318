#!/usr/bin/env python3
"""Several gateways share their budgets through a real redis-server: together they spend what the file says, and no more."""
import asyncio
import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from budgets import TEN_CENTS, ask  # noqa: E402
from gateway import STEELYARD, Cases, Mock, message, running, start, wait_until  # noqa: E402
from redis_store import PASSWORD, RedisStore  # noqa: E402

CENT = 10_000_000
TIMES = "beat: 100ms, wait: 1s, lease: 3s, timeout: 1s"


def replica(mock, store, name, more="", budgets="[{ limit: $5.00, per: month }]", times=TIMES, **parts):
    fleet = (f'fleet: {{ store: "redis://127.0.0.1:{store.port}/0", password: "${{env:STORE_PASSWORD}}", '
             f"replica: {name}, {times} {more} }}")
    gateway = start({"one": (mock.port, ["*"])}, TEN_CENTS, budgets=budgets, more=fleet, workers=1, **parts)
    return gateway


def asked(gateway, count=1):
    """Statuses of so many requests, one after the other."""
    return [gateway.chat(message("x", max_tokens=100))[0] for _ in range(count)]


def crowd(gateways, count):
    """`count` requests at once, spread over all; (status, body) of each."""
    answers = []

    async def all_of_them():
        await asyncio.gather(*(ask(gateways[i % len(gateways)].port, answers) for i in range(count)))

    asyncio.run(all_of_them())
    return answers


@contextlib.contextmanager
def fleet(count, kept=True, **parts):
    import os
    os.environ["STORE_PASSWORD"] = PASSWORD
    store, mock = RedisStore(kept), Mock("ten-cents,0,1000")
    mock.behave(output_tokens=100, latency_ms=20)
    gateways = []
    with running(store, mock):
        try:
            for i in range(count):
                gateways.append(replica(mock, store, f"r{i}", **parts))
            yield store, mock, gateways
        finally:
            for gateway in gateways:
                gateway.clean()


def spent(mock):
    """As the provider says, nano-dollars."""
    return mock.bill()["total"]["nano_usd"]


def test_one_replica_spends_all_and_says_so():
    with fleet(1) as (store, mock, [one]):
        statuses = asked(one, 52)
        assert statuses == [200] * 50 + [429] * 2, statuses
        assert spent(mock) == 500 * CENT
        status, body = one.admin("/admin/fleet")
        page = json.loads(body)
        assert status == 200 and page["replica"] == "r0" and page["reachable"] and page["replicas"] == 1, page
        [budget] = [b for b in page["budgets"] if b["scope"] == "acme"]
        assert budget["granted_nano_usd"] == budget["posted_nano_usd"] == 500 * CENT, budget
        refusal = json.loads(one.chat(message("x", max_tokens=100))[2])["error"]
        assert refusal["code"] == "budget_exceeded" and "$5" in refusal["message"], refusal
        assert one.stop() == 0
        assert store.granted() == 500 * CENT


def test_a_thousand_at_once_on_four_replicas_admit_exactly_fifty():
    with fleet(4) as (store, mock, gateways):
        answers = crowd(gateways, 1000)
        statuses = [status for status, _ in answers]
        assert (statuses.count(200), statuses.count(429)) == (50, 950), {s: statuses.count(s) for s in set(statuses)}
        assert spent(mock) == store.granted() == 500 * CENT
        refused = [body for status, body in answers if status == 429]
        assert all(b"budget_exceeded" in body and b"retry-after:" in body for body in refused)
        assert sum(len([r for r in g.receipts() if r["spend_nano_usd"]]) for g in gateways) == 50
        for gateway in gateways:
            assert gateway.stop() == 0
        [window] = store.windows().values()
        assert sum(int(v) for k, v in window.items() if k.startswith("p:")) == 500 * CENT, window
        assert sum(int(v) for k, v in window.items() if k.startswith("h:")) == 0, window


def test_one_is_stopped_in_the_middle_and_goes_on_later():
    with fleet(4) as (store, mock, gateways):
        answers = []
        running_crowd = threading.Thread(target=lambda: answers.extend(crowd(gateways[1:], 300)))
        assert asked(gateways[0]) == [200]  # it holds a slice
        running_crowd.start()
        wait_until(lambda: store.granted() > 150 * CENT)
        gateways[0].signal(signal.SIGSTOP)
        try:
            running_crowd.join()
            first = [status for status, _ in answers].count(200)
            assert first + 1 <= 50 and store.granted() <= 500 * CENT
            more = [status for status, _ in crowd(gateways[1:], 200)].count(200)
            assert 1 + first + more <= 50, (first, more)
            assert store.granted() <= 500 * CENT
        finally:
            gateways[0].signal(signal.SIGCONT)
        # What it held comes back when somebody wants it.
        last = [status for status, _ in crowd(gateways, 300)].count(200)
        assert 1 + first + more + last == 50, (first, more, last)
        assert spent(mock) == store.granted() == 500 * CENT


def test_a_killed_replica_keeps_its_slice_until_it_returns():
    with fleet(2) as (store, mock, [one, two]):
        mock.behave(output_tokens=100, latency_ms=3000)
        waiting = threading.Thread(target=lambda: crowd([one], 3))
        waiting.start()
        wait_until(lambda: len(mock.requests(10)) == 3)
        one.kill()
        waiting.join()
        mock.behave(output_tokens=100, latency_ms=5)
        held = 500 * CENT - 30 * CENT
        admitted = [status for status, _ in crowd([two], 100)].count(200)
        window = next(iter(store.windows().values()))
        slice_of_one = int(window["g:r0"])
        assert slice_of_one >= 30 * CENT and admitted * 10 * CENT <= 500 * CENT - slice_of_one, (admitted, window)
        # Longer than a lease: still nothing of it is given to others.
        time.sleep(3.5)
        assert asked(two) == [429]
        one.start()
        wait_until(lambda: int(next(iter(store.windows().values()))["g:r0"]) == 30 * CENT)
        admitted += [status for status, _ in crowd([one, two], 100)].count(200)
        assert admitted * 10 * CENT == held, admitted
        assert store.granted() == 500 * CENT >= spent(mock)


def test_a_store_that_is_killed_and_comes_back():
    for kept in (True, False):
        with fleet(3, kept) as (store, mock, gateways):
            answers = []

            def load():
                for _ in range(6):
                    answers.extend(crowd(gateways, 30))
                    time.sleep(0.5)

            loading = threading.Thread(target=load)
            loading.start()
            wait_until(lambda: store.granted() > 100 * CENT)
            store.kill()
            time.sleep(0.7)
            store.start()
            loading.join()
            time.sleep(3.2)  # it has learnt what was granted before
            answers += crowd(gateways, 150)
            statuses = [status for status, _ in answers]
            assert set(statuses) <= {200, 429, 503}, set(statuses)
            assert spent(mock) <= 500 * CENT, (kept, statuses.count(200))
            if kept:
                assert statuses.count(200) == 50, (kept, statuses.count(200))
                assert store.granted() == 500 * CENT


def test_without_the_store_requests_are_refused_or_the_slice_is_used():
    for what in ("refuse", "use_slice"):
        with fleet(1, more=f", when_unreachable: {what}") as (store, mock, [one]):
            assert asked(one) == [200]
            store.kill()
            page = lambda: json.loads(one.admin("/admin/fleet")[1])  # noqa: E731
            wait_until(lambda: not page()["reachable"], 10)
            room = page()["budgets"][0]["granted_nano_usd"] // (10 * CENT) - 1
            status, head, body = one.chat(message("x", max_tokens=100))
            if what == "refuse":
                assert room == 0 and status == 503 and b"does not answer" in body, (room, status, body)
                assert one.admin("/readyz")[0] == 503
            else:
                assert room > 1 and status == 200, (room, body)
                assert asked(one, room) == [200] * (room - 1) + [503]
                assert one.admin("/readyz")[0] == 200
            assert PASSWORD not in one.said() and "no connection" in one.said(), one.said()
            store.start()
            wait_until(lambda: page()["reachable"], 15)
            time.sleep(3.2)
            assert 200 in asked(one, 2)


def test_what_operators_do_acts_on_the_fleet():
    def command(gateway, *words):
        done = subprocess.run([STEELYARD, *words, "-c", "gateway.yaml"], cwd=gateway.folder, capture_output=True,
                              env=dict(gateway.environment), text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    with fleet(2, budgets="[{ limit: $0.30, per: lifetime }]") as (store, mock, [one, two]):
        live = one.folder / "gateway.yaml"
        live.write_text(live.read_text().replace('admin: { listen: "127.0.0.1:0"',
                                                 f'admin: {{ listen: "127.0.0.1:{one.admin_port}"'))
        assert asked(two, 4) == [200] * 3 + [429]
        status, text = command(one, "budget", "top-up", "acme", "$0.20", "--note", "paid")
        assert status == 1 or status == 0, text
        if status != 0:  # a window opens with its first request
            assert asked(one) == [429]
            status, text = command(one, "budget", "top-up", "acme", "$0.20")
        assert status == 0, text
        wait_until(lambda: asked(two) == [200])
        assert asked(one, 2) == [200, 429]
        for words in (("budget", "set", "acme", "$9"), ("budget", "reset", "acme")):
            status, text = command(one, *words)
            assert status == 1 and "fleet" in text, text
        status, text = command(one, "budget", "adjust", "acme", "$0.10", "--minus")
        assert status == 0, text
        assert asked(one, 2) == [200, 429]
        status, text = command(one, "fleet", "show")
        assert status == 0 and json.loads(text)["replicas"] == 2, text
        status, text = command(one, "fleet", "forget", "nobody")
        assert status == 1 and "no replica `nobody`" in text, text
        two.kill()
        status, text = command(one, "fleet", "forget", "r1")
        assert status == 0 and json.loads(text)["forgotten"] == "r1", text
        # A limit that is lowered and raised again in the file.
        for limit, admitted in (("$0.10", []), ("$0.80", [200])):
            live.write_text(live.read_text().replace("limit: $0.30", f"limit: {limit}")
                            .replace("limit: $0.10", f"limit: {limit}"))
            one.signal(signal.SIGHUP)
            wait_until(lambda: one.budgets()["acme"]["limit_nano_usd"] >= 0)
            time.sleep(0.5)
            assert [s for s in asked(one) if s == 200] == admitted, (limit, one.said())


def test_a_process_starts_without_its_store_and_under_no_name_but_its_own():
    with fleet(1) as (store, mock, [one]):
        assert one.stop() == 0
        store.kill()
        one.start()
        assert asked(one) == [503] and one.admin("/readyz")[0] == 503
        store.start()
        wait_until(lambda: one.admin("/readyz")[0] == 200, 15)
        assert asked(one) == [200]
        # Another directory under the same name.
        try:
            replica(mock, store, "r0").clean()
        except AssertionError as error:
            assert "belongs to another ledger directory" in str(error), error
        else:
            raise AssertionError("two directories have one name")
        # A store that would drop what it granted is not used.
        assert one.stop() == 0
        store.ask("CONFIG", "SET", "maxmemory", "100000000")
        store.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        one.start()
        assert asked(one) == [503]
        assert "noeviction" in json.loads(one.admin("/admin/fleet")[1])["error"]
        # With a wrong password neither, and the right one is nowhere to be seen.
        one.stop()
        one.environment["STORE_PASSWORD"] = "wrong-canary"
        one.start()
        assert asked(one) == [503]
        error = json.loads(one.admin("/admin/fleet")[1])["error"]
        assert "AUTH" in error and "canary" not in error, error


if __name__ == "__main__":
    Cases(globals()).run()
