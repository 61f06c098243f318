#!/usr/bin/env python3
"""The books can be read and checked: `ledger verify`, `ledger rebuild` and `report` on what a real gateway wrote."""
import csv
import decimal
import json
import pathlib
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import STEELYARD, Cases, Mock, message, running, start, wait_until  # noqa: E402

MODELS = ("cheap,1,2", "dear,10,20")


def command(gateway, *words):
    done = subprocess.run([STEELYARD, *words, "-c", "gateway.yaml"], cwd=gateway.folder, env=gateway.environment,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def spend_some(gateway, count=40):
    with ThreadPoolExecutor(8) as clients:
        asked = [clients.submit(gateway.chat, message("x" * n, max_tokens=20, stream=n % 3 == 0,
                                                      model="dear" if n % 4 == 0 else "auto")) for n in range(count)]
        assert all(done.result()[0] == 200 for done in asked)
    gateway.receipts(count)


def both():
    mock = Mock(*MODELS)
    return mock, start({"one": (mock.port, ["*"])}, budgets="[{ limit: $10, per: month }]",
                       team_budgets="[{ limit: $5, per: day }]")


def test_the_books_agree_while_it_runs_and_after_it_ended():
    mock, gateway = both()
    with running(mock, gateway):
        spend_some(gateway)
        for stopped in (False, True):
            if stopped:
                assert gateway.stop() == 0
            status, out, err = command(gateway, "ledger", "verify", "--json")
            assert status == 0, (out, err)
            report = json.loads(out)
            assert report["agree"] and report["requests_compared"] == 40 and report["in_flight"] == 0, report
        status, out, err = command(gateway, "ledger", "rebuild")
        assert status == 0, err
        assert json.loads(command(gateway, "ledger", "verify", "--json")[1])["stored"] == 40

        # One nano-dollar in the log, and the exit code says so.
        log = gateway.folder / "decisions.jsonl"
        text = log.read_text()
        first = json.loads(text.split("\n")[0])["spend_nano_usd"]
        log.write_text(text.replace(f'"spend_nano_usd":{first},', f'"spend_nano_usd":{first + 1},', 1))
        status, out, _ = command(gateway, "ledger", "verify")
        assert status == 1 and "DIFFERENT" in out, out


def test_a_report_says_what_the_provider_billed():
    mock, gateway = both()
    with running(mock, gateway):
        spend_some(gateway)
        bill = mock.bill()
        status, out, err = command(gateway, "report", "--by", "model", "--format", "json")
        assert status == 0, err
        report = json.loads(out)
        assert report["total"]["requests"] == 40
        assert report["total"]["spend_nano_usd"] == bill["total"]["nano_usd"]
        spent = {row["model"]: row["spend_nano_usd"] for row in report["rows"]}
        assert set(spent) == {"cheap", "dear"} and sum(spent.values()) == bill["total"]["nano_usd"], (spent, bill)
        saved = sum(r["saved_nano_usd"] for r in gateway.receipts(40))
        assert report["total"]["saved_nano_usd"] == saved and saved > 0

        status, out, _ = command(gateway, "report", "--by", "team,day", "--where", "team=search", "--format", "csv")
        head, row, *_ = out.splitlines()
        assert head.startswith("team,day,requests,") and row.startswith("acme/search,20"), out
        # The same question without us.
        with sqlite3.connect(gateway.folder / "ledger" / "reports.sqlite") as store:
            [(nano,)] = store.execute("select sum(spend_nano_usd) from charges where team = 'search'")
        assert nano == bill["total"]["nano_usd"]
        status, out, err = command(gateway, "report", "--format", "focus")
        rows = list(csv.DictReader(out.splitlines()))
        assert status == 0 and sum(decimal.Decimal(row["BilledCost"]) for row in rows) * 10 ** 9 == nano, (rows, err)
        for row in rows:  # what FOCUS calls a charge explains itself: quantity times unit price, up to one rounding a request
            product = decimal.Decimal(row["PricingQuantity"]) * decimal.Decimal(row["ListUnitPrice"]) * 10 ** 9
            assert abs(product - decimal.Decimal(row["BilledCost"]) * 10 ** 9) <= int(row["x_RequestCount"]), row
        assert {row["SkuMeter"] for row in rows} >= {"Input tokens", "Output tokens"}
        assert sum(int(row["x_RequestCount"]) for row in rows if row["SkuMeter"] == "Output tokens") == 40
        assert command(gateway, "report", "--by", "colour")[0] == 2
        assert command(gateway, "report", "--time-zone", "Europe/Atlantis")[0] == 2


def test_killed_in_flight_the_books_still_agree():
    mock, gateway = both()
    with running(mock, gateway):
        spend_some(gateway, 10)
        mock.behave(output_tokens=20, latency_ms=5000)
        with ThreadPoolExecutor(4) as clients:
            asked = [clients.submit(lambda: swallow(gateway)) for _ in range(4)]
            wait_until(lambda: gateway.budgets()["acme"]["held_nano_usd"] > 0)
            wait_until(lambda: len(mock.requests(20)) >= 14)
            gateway.kill()
            for one in asked:
                one.result()
        status, out, err = command(gateway, "ledger", "verify", "--json")
        assert status == 0 and json.loads(out)["in_flight"] == 4, (out, err)
        gateway.start()
        report = json.loads(command(gateway, "ledger", "verify", "--json")[1])
        assert report["agree"] and report["recovered"] == 4 and report["in_flight"] == 0, report


def test_a_second_gateway_on_the_same_books_is_refused_and_the_first_goes_on():
    mock, gateway = both()
    with running(mock, gateway):
        spend_some(gateway, 4)
        other = gateway.folder / "other.yaml"
        text = (gateway.folder / "gateway.yaml").read_text()
        if "ledger:" not in text:
            text += "\nledger: { directory: ledger }\n"
        other.write_text(text)
        directory = next(p.parent for p in gateway.folder.rglob("segment-*.journal"))
        assert directory.name in text or "directory: " + str(directory) in text, (directory, text)
        done = subprocess.run([STEELYARD, "serve", "--config", "other.yaml"], cwd=gateway.folder, env=gateway.environment,
                              capture_output=True, text=True, timeout=30)
        assert done.returncode != 0 and "another process uses it" in done.stdout + done.stderr, done
        spend_some_more = gateway.chat(message("x", max_tokens=20))
        assert spend_some_more[0] == 200
        code, out, err = command(gateway, "ledger", "verify")
        assert code == 0, (out, err)


def test_operators_adjust_top_up_reset_and_limit_a_running_budget():
    mock, gateway = both()
    with running(mock, gateway):
        spend_some(gateway, 10)
        spent = gateway.budgets()["acme/search"]["posted_nano_usd"]
        # The configured port is 0: the real one is only known to this test.
        text = (gateway.folder / "gateway.yaml").read_text()
        gateway.write("gateway.yaml", text.replace('admin: { listen: "127.0.0.1:0"',
                                                   f'admin: {{ listen: "127.0.0.1:{gateway.admin_port}"'))

        def budget(*words):
            status, out, err = command(gateway, "budget", *words)
            return status, json.loads(out) if out else err

        status, view = budget("adjust", "acme/search", "$0.25", "--note", "invoice 7 & more")
        assert status == 0 and view["posted_nano_usd"] == spent + 250_000_000, view
        status, view = budget("top-up", "acme/search", "$2", "--per", "day")
        assert status == 0 and view["limit_nano_usd"] == 7_000_000_000, view
        status, view = budget("reset", "acme/search")
        assert status == 0 and view["posted_nano_usd"] == 0, view
        status, view = budget("set", "acme", "$0.000001")
        assert status == 0 and view["limit_nano_usd"] == 1000, view
        assert gateway.chat(message())[0] == 429
        assert budget("adjust", "acme/search", "$1", "--minus")[0] == 1  # below zero
        assert budget("adjust", "acme/nobody", "$1")[0] == 1
        assert budget("adjust", "acme/search", "much")[0] == 2
        assert budget("adjust", "acme/search", "$1", "--per", "fortnight")[0] == 1

        status, shown = budget("show", "--json")
        by_scope = {line["scope"]: line for line in shown["budgets"]}
        assert by_scope["acme"]["limit_nano_usd"] == 1000
        assert by_scope["acme/search"]["credit_nano_usd"] == 2_000_000_000
        assert "acme/search" in command(gateway, "budget", "show", "acme/search")[1]
        status, out, err = command(gateway, "ledger", "verify", "--json")
        assert status == 0, (out, err)
        assert gateway.stop() == 0
        gateway.start()
        assert gateway.budgets()["acme"]["limit_nano_usd"] == 1000
        assert gateway.budgets()["acme/search"]["limit_nano_usd"] == 7_000_000_000


def swallow(gateway):
    try:
        gateway.chat(message(max_tokens=20))
    except OSError:
        pass
    except Exception as broken:  # the client library's word for a connection that was cut
        assert "Remote" in type(broken).__name__ or "Incomplete" in type(broken).__name__, broken


if __name__ == "__main__":
    Cases(globals()).run()
