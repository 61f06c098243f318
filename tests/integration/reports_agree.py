#!/usr/bin/env python3
"""One question, asked of everything that can be asked: what did the team spend on premium yesterday, and what did routing save?"""
import csv
import datetime
import decimal
import hashlib
import io
import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import CATALOG, ROOT, STEELYARD, Cases, Gateway, Mock, config, message, running  # noqa: E402

OPS = "sk-ops-0123456789abcdef0123456789abcdef"
NANO = 10 ** 9


def gateway_of(mock):
    text = config({"one": (mock.port, ["*"])}, budgets="[{ limit: $10, per: month }]", more="ledger: { directory: books }")
    text = text.replace("  standard: { min_score: 50 }", "  standard: { min_score: 50 }\n  premium: { min_score: 58 }")
    digest = hashlib.sha256(OPS.encode()).hexdigest()
    text = text.replace("    teams:\n", f'    teams:\n      ops: {{ keys: [{{ id: ops, sha256: "{digest}" }}] }}\n', 1)
    return Gateway(text, CATALOG, None, {"TEST_PROVIDER_KEY": "x"})


def run(gateway, *words):
    done = subprocess.run(words, cwd=gateway.folder, env=gateway.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def report(gateway, *words):
    return run(gateway, STEELYARD, "report", "--config", "gateway.yaml", *words)


def kept_until_yesterday(mock):
    """A gateway whose decision log is of yesterday, but for its last two requests; and that day."""
    gateway = gateway_of(mock)
    for n in range(12):
        tier = "tier:premium" if n % 3 else "tier:standard"
        assert gateway.chat(message("x" * n, model=tier, max_tokens=20))[0] == 200
        assert gateway.chat(message("y" * n, model="tier:premium"), key=OPS)[0] == 200
    gateway.receipts(24)
    assert gateway.stop() == 0
    log = gateway.folder / "decisions.jsonl"
    today = datetime.datetime.now(datetime.timezone.utc).date()
    yesterday = today - datetime.timedelta(days=1)
    # At noon: the zone of the question is UTC, and a test may run at midnight.
    log.write_text(re.sub(r'"(startTime|endTime)":"\d{4}-\d\d-\d\dT\d\d:', rf'"\1":"{yesterday}T12:', log.read_text()))
    gateway.start()
    for _ in range(2):
        assert gateway.chat(message("today", model="tier:premium"))[0] == 200
    gateway.receipts(26)
    return gateway, yesterday


def test_sqlite_jq_focus_the_command_and_the_admin_listener_give_the_same_figures():
    mock = Mock("cheap,1,2", "dear,10,20")
    gateway, day = kept_until_yesterday(mock)
    with running(mock, gateway):
        receipts = [r for r in gateway.receipts(26) if r["startTime"].startswith(str(day)) and r["team_id"] == "search"
                    and r["tier"] == "premium"]
        spent, saved = sum(r["spend_nano_usd"] for r in receipts), sum(r["saved_nano_usd"] for r in receipts)
        assert len(receipts) == 8 and spent > 0 and saved > 0, (receipts, spent, saved)
        found = {}

        words = ("--where", "team=search", "--where", "tier=premium", "--from", "yesterday", "--to", "today")
        answer = json.loads(report(gateway, *words, "--format", "json"))["total"]
        found["the command"] = answer["spend_nano_usd"], answer["saved_nano_usd"]

        text = run(gateway, "sqlite3", "books/reports.sqlite", f"""select sum(spend_nano_usd), sum(saved_nano_usd) from charges
            where team = 'search' and tier = 'premium' and date(start_ns / 1000000000, 'unixepoch') = '{day}'""")
        found["sqlite3"] = tuple(int(n) for n in text.split("|"))

        query = f'[.[] | select(.team_id == "search" and .tier == "premium" and (.startTime | startswith("{day}")))] ' \
                "| [(map(.spend_nano_usd) | add), (map(.saved_nano_usd) | add)] | @csv"
        found["jq"] = tuple(int(n) for n in run(gateway, "jq", "-r", "-s", query, "decisions.jsonl").split(","))

        rows = [r for r in csv.DictReader(io.StringIO(report(gateway, "--format", "focus")))
                if r["SubAccountName"] == "acme/search" and r["x_Tier"] == "premium" and r["ChargePeriodStart"].startswith(str(day))]
        found["FOCUS"] = tuple(int(sum(decimal.Decimal(r[c]) for r in rows) * NANO) for c in ("BilledCost", "x_GatewaySavedCost"))

        asked = urllib.parse.urlencode({"where": "team=search,tier=premium", "from": "yesterday", "to": "today"})
        status, data = gateway.admin("/admin/report?" + asked)
        assert status == 200, data
        answer = json.loads(data)["total"]
        found["/admin/report"] = answer["spend_nano_usd"], answer["saved_nano_usd"]

        assert set(found.values()) == {(spent, saved)}, (found, spent, saved)
        assert set(found) == {"the command", "sqlite3", "jq", "FOCUS", "/admin/report"}


def test_the_commands_that_the_readme_gives_answer_it():
    mock = Mock("cheap,1,2", "dear,10,20")
    gateway, day = kept_until_yesterday(mock)
    with running(mock, gateway):
        receipts = [r for r in gateway.receipts(26) if r["startTime"].startswith(str(day)) and r["team_id"] == "search"
                    and r["tier"] == "premium"]
        spent, saved = (sum(r[field] for r in receipts) for field in ("spend_nano_usd", "saved_nano_usd"))
        text = (ROOT / "gateway/reports/README.md").read_text().split("## What did team")[1].split("```")[1].removeprefix("sh\n")
        here = {"build/release/steelyard report": f"{STEELYARD} report --config gateway.yaml", "ledger/reports.sqlite": "books/reports.sqlite",
                "TOKEN": "admin-token", "127.0.0.1:8081": f"127.0.0.1:{gateway.admin_port}"}
        for said, meant in here.items():
            assert said in text, said
            text = text.replace(said, meant)
        found = []
        for command in re.split(r"\n\n", text.strip()):
            out = run(gateway, "bash", "-ec", command)
            numbers = {round(decimal.Decimal(n) * (1 if n.isdigit() else NANO)) for n in re.findall(r"\d+\.\d+|\d{4,}", out)}
            assert {spent, saved} <= numbers, (command, out, spent, saved)
            found.append(command.split()[0])
        assert len(found) == 5, found


def test_the_admin_listener_gives_what_the_command_prints():
    mock = Mock("cheap,1,2", "dear,10,20")
    gateway, _ = kept_until_yesterday(mock)
    with running(mock, gateway):
        for by in ("team", "team,model", "policy", "tag", "task", "day", "tier", "key", "result"):
            for format_ in ("json", "csv", "table", "focus"):
                status, data = gateway.admin(f"/admin/report?by={by}&format={format_}&time_zone=Europe/Berlin")
                assert status == 200, (by, format_, data)
                assert data.decode() == report_text(gateway, by, format_), (by, format_)
        status, data = gateway.admin("/admin/report?by=team", token="wrong")
        assert status == 401, data
        for asked, named in (("by=colour", "colour"), ("format=xml", "xml"), ("where=team", "team"), ("from=soon", "soon"),
                             ("time_zone=Europe/Atlantis", "Atlantis")):
            status, data = gateway.admin("/admin/report?" + asked)
            assert status == 422 and named in json.loads(data)["error"]["message"], (asked, data)
        # The gateway goes on serving meanwhile, and a report that is asked for often is no new row.
        before = json.loads(gateway.admin("/admin/report")[1])["total"]["requests"]
        assert before == 26 == json.loads(gateway.admin("/admin/report")[1])["total"]["requests"]
        with sqlite3.connect(gateway.folder / "books/reports.sqlite") as store:
            assert store.execute("select count(*) from requests").fetchone() == (26,)


def report_text(gateway, by, format_):
    done = subprocess.run([STEELYARD, "report", "--config", "gateway.yaml", "--by", by, "--format", format_, "--time-zone", "Europe/Berlin"],
                          cwd=gateway.folder, env=gateway.environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_the_books_agree_with_the_metrics_to_the_nano_dollar():
    mock = Mock("cheap,1,2", "dear,10,20")
    gateway = gateway_of(mock)
    with running(mock, gateway):
        for n in range(20):
            gateway.chat(message("x" * n, model="dear" if n % 4 == 0 else "auto", stream=n % 3 == 0))
        gateway.receipts(20)
        verify = [STEELYARD, "ledger", "verify", "--config", "gateway.yaml", "--json"]
        page = gateway.admin("/metrics")[1].decode()
        (gateway.folder / "page.txt").write_text(page)
        for source in ("page.txt", f"http://127.0.0.1:{gateway.admin_port}/metrics"):
            answer = json.loads(run(gateway, *verify, "--metrics", source))
            assert answer["agree"] and answer["metrics_compared"] >= 5, answer
        # One nano-dollar more, and the exit code says so.
        cost = re.search(r'^(steelyard_cost_usd_total\{[^}]*\}) (\S+)$', page, re.M)
        more = decimal.Decimal(cost[2]) + decimal.Decimal("0.000000001")
        (gateway.folder / "page.txt").write_text(page.replace(cost[0], f"{cost[1]} {more}"))
        done = subprocess.run([*verify, "--metrics", "page.txt"], cwd=gateway.folder, env=gateway.environment, capture_output=True, text=True)
        assert done.returncode == 1 and json.loads(done.stdout)["listed"][0]["what"] == "metric", done.stdout
        # After a restart the counters begin anew, and so does what they are compared with.
        assert gateway.stop() == 0
        gateway.start()
        gateway.chat(message("again"))
        gateway.receipts(21)
        (gateway.folder / "page.txt").write_text(gateway.admin("/metrics")[1].decode())
        assert json.loads(run(gateway, *verify, "--metrics", "page.txt"))["agree"]
        done = subprocess.run([*verify, "--metrics", "nowhere.txt"], cwd=gateway.folder, env=gateway.environment, capture_output=True, text=True)
        assert done.returncode == 2 and "nowhere.txt" in done.stderr, done.stderr


def test_the_dashboard_is_one_page_that_loads_nothing_from_elsewhere():
    mock = Mock("cheap,1,2")
    gateway = gateway_of(mock)
    with running(mock, gateway):
        gateway.chat(message("x"))
        gateway.receipts(1)
        for path in ("/", "/dashboard"):
            status, data = gateway.get(path, None, gateway.admin_port)
            page = data.decode()
            assert status == 200 and "<title>Steelyard</title>" in page
            assert not re.search(r'(src|href)=|https?://|@import|url\(', page), "something from elsewhere"
        head = subprocess.run(["curl", "-sI", "-X", "GET", f"http://127.0.0.1:{gateway.admin_port}/"], capture_output=True, text=True).stdout
        policy = re.search(r"content-security-policy: (.*)", head)[1]
        assert "default-src 'none'" in policy and "unsafe" not in policy, policy
        for tag in ("script", "style"):
            inside = page.split(f"<{tag}>")[1].split(f"</{tag}>")[0]
            import base64
            digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy, policy
        assert gateway.admin("/admin/overview", token="wrong")[0] == 401
        status, data = gateway.admin("/admin/overview")
        overview = json.loads(data)
        [line] = overview["recent"]
        assert line["status"] == "success" and overview["process"]["requests"] == 1, overview
        [model] = [m for m in overview["models"] if m["attempts"]]
        assert model["model"] == "cheap" and model["spent_nano_usd"] == line["spend_nano_usd"] == overview["process"]["spent_nano_usd"]
        assert {b["scope"] for b in overview["budgets"]} == {"acme"} and overview["budgets"][0]["pace_percent"] is not None


if __name__ == "__main__":
    Cases(globals()).run()
