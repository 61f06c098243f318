#!/usr/bin/env python3
"""Tasks: their cost with every failed try in it, how they ended, what they were worth, and who may say so."""
import hashlib
import http.client
import json
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import CATALOG, STEELYARD, Cases, Gateway, Mock, config, message, running  # noqa: E402

OTHER = "sk-other-0123456789abcdef0123456789abcdef"
LEDGER = "ledger: { directory: books }"


def gateway_of(mock, more=LEDGER):
    text = config({"one": (mock.port, ["*"])}, budgets="[{ limit: $10, per: month }]", more=more)
    digest = hashlib.sha256(OTHER.encode()).hexdigest()
    text = text.replace("organisations:\n", "organisations:\n  umbrella: { teams: { evil: { keys: "
                        f'[{{ id: spy, sha256: "{digest}" }}] }} }} }}\n')
    return Gateway(text, CATALOG, None, {"TEST_PROVIDER_KEY": "x"})


def close(gateway, body, **options):
    status, _, data = gateway.chat(body, path="/v1/outcomes", **options)
    return status, json.loads(data)


def report(gateway, *arguments):
    done = subprocess.run([STEELYARD, "report", "--config", "gateway.yaml", "--format", "json", *arguments], cwd=gateway.folder,
                          env=gateway.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_a_result_cost_with_failed_tries_and_what_it_was_worth():
    mock = Mock("cheap,1,2", "dear,10,20")
    gateway = gateway_of(mock)
    with running(mock, gateway):
        bad = '{"mock":{"fault":"error_event","after_chunks":3}} '
        for task, texts in {"ticket-1": [bad + "a", "again", "well"], "ticket-2": ["b"], "ticket-3": ["c"]}.items():
            for text in texts:
                gateway.chat(message(text, stream=True), headers={"x-steelyard-task": task})
        gateway.chat(message("no task"))
        # The dialect's own field says it as well.
        status, _, data = gateway.chat(message("d", metadata={"steelyard_task": "ticket-4", "other": "x"}))
        assert status == 200, data
        gateway.receipts(7)
        for task, result, value in (("ticket-1", "success", "12.50"), ("ticket-2", "failure", None), ("ticket-4", "success", 3)):
            body = {"task": task, "result": result, **({"value_usd": value} if value is not None else {})}
            status, answer = close(gateway, body)
            assert status == 200 and answer["result"] == result and answer["already"] is False, answer
        found = report(gateway, "--by", "task")
        rows = {row["task"]: row for row in found["rows"]}
        spent = {}
        for receipt in gateway.receipts():
            task = receipt["task_id"] or ""
            spent[task] = spent.get(task, 0) + receipt["spend_nano_usd"]
        assert {t: r["spend_nano_usd"] for t, r in rows.items()} == spent and len(spent) == 5, (rows, spent)
        assert rows["ticket-1"]["requests"] == 3 and rows["ticket-1"]["failed"] == 1
        assert rows["ticket-1"]["cost_per_result_nano_usd"] == spent["ticket-1"] > 0
        assert rows["ticket-1"]["value_nano_usd"] == 12_500_000_000 and rows["ticket-1"]["results"] == 1
        assert rows["ticket-2"]["results"] == 0 and rows["ticket-2"]["cost_per_result_nano_usd"] is None
        assert rows["ticket-3"]["tasks"] == 1 and rows[""]["tasks"] == 0
        total = found["total"]
        assert (total["tasks"], total["results"], total["value_nano_usd"]) == (4, 2, 15_500_000_000), total
        with_task = sum(v for t, v in spent.items() if t)
        assert total["task_spend_nano_usd"] == with_task
        assert total["cost_per_result_nano_usd"] == -(-with_task // 2), total
        by_result = {row["result"]: row for row in report(gateway, "--by", "result")["rows"]}
        assert by_result["success"]["spend_nano_usd"] == spent["ticket-1"] + spent["ticket-4"], by_result
        table = subprocess.run([STEELYARD, "report", "--config", "gateway.yaml", "--by", "task"], cwd=gateway.folder,
                               env=gateway.environment, capture_output=True, text=True).stdout
        assert "cost_per_result_usd" in table.splitlines()[0] and "ticket-1" in table, table


def test_a_task_is_closed_once_also_over_a_kill():
    mock = Mock("cheap,1,2")
    gateway = gateway_of(mock)
    with running(mock, gateway):
        body = {"task": "t", "result": "success", "value_usd": "0.000000001", "note": "héllo \"x\""}
        status, first = close(gateway, body)
        assert status == 200 and first["value_nano_usd"] == 1 and not first["already"], first
        gateway.kill()
        gateway.start()
        status, again = close(gateway, body)
        assert status == 200 and again == {**first, "already": True}, again
        for other in ({**body, "result": "failure"}, {**body, "value_usd": "2"}):
            status, answer = close(gateway, other)
            assert status == 409 and "closed already" in answer["error"]["message"], answer
        lines = (gateway.folder / "books/outcomes.jsonl").read_text().splitlines()
        assert len(lines) == 1 and json.loads(lines[0])["note"] == 'héllo "x"', lines
        # Half a line that a dying process left is no outcome, and swallows none.
        gateway.kill()
        with open(gateway.folder / "books/outcomes.jsonl", "a") as file:
            file.write('{"organisation":"ac')
        gateway.start()
        assert close(gateway, {"task": "u", "result": "cancelled", "value_usd": -3})[1]["value_nano_usd"] == -3_000_000_000
        lines = (gateway.folder / "books/outcomes.jsonl").read_text().splitlines()
        assert len(lines) == 2 and json.loads(lines[1])["task"] == "u", lines
        with ThreadPoolExecutor(8) as clients:
            answers = list(clients.map(lambda n: close(gateway, {"task": "race", "result": "success", "value_usd": n % 2}), range(40)))
        won = [a for s, a in answers if s == 200]
        assert len({a["value_nano_usd"] for a in won}) == 1 and sum(not a["already"] for a in won) == 1, answers
        assert len(won) == 20 and all(s == 409 for s, a in answers if a not in won)


def test_other_organisations_tasks_mean_nothing_and_nobody_unknown_says_anything():
    mock = Mock("cheap,1,2")
    gateway = gateway_of(mock)
    with running(mock, gateway):
        gateway.chat(message("x"), headers={"x-steelyard-task": "shared-name"})
        gateway.receipts(1)
        assert close(gateway, {"task": "shared-name", "result": "failure"}, key=OTHER)[0] == 200
        assert report(gateway, "--by", "task")["total"]["results"] == 0
        assert close(gateway, {"task": "shared-name", "result": "success", "value_usd": "1"})[0] == 200  # its own is still open
        found = report(gateway, "--by", "team")
        [row] = found["rows"]
        assert row["team"] == "acme/search" and row["results"] == 1 and row["value_nano_usd"] == 10 ** 9, found
        assert close(gateway, {"task": "x", "result": "success"}, key=None)[0] == 401
        assert close(gateway, {"task": "x", "result": "success"}, key="sk-unknown-000000000000000000")[0] == 401
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
        connection.request("GET", "/v1/outcomes", headers={"authorization": "Bearer " + OTHER})
        assert connection.getresponse().status == 405


def test_what_is_wrong_is_named():
    mock = Mock("cheap,1,2")
    gateway = gateway_of(mock, more="ledger: { directory: \"\" }")
    with running(mock, gateway):
        rows = [("", "JSON"), ("[]", "object"), ('{"task":"x"}', "result"), ('{"result":"success"}', "task"),
                ('{"task":"x","result":"won"}', "`success`, `failure` or `cancelled`"), ('{"task":"x","result":"success","extra":1}', "known"),
                ('{"task":"x","result":"success","value_usd":"1e3"}', "dollars"), ('{"task":"x","result":"success","value_usd":"0.0000000001"}', "dollars"),
                ('{"task":"x","result":"success","value_usd":true}', "dollars"), ('{"task":"x","task":"y","result":"success"}', "twice"),
                ('{"task":"' + "x" * 97 + '","result":"success"}', "long"), ('{"task":"","result":"success"}', "task"),
                ('{"task":"x","result":"success"} x', "")]
        for body, named in rows:
            status, answer = close(gateway, body)
            assert status == 400 and named in answer["error"]["message"], (body, answer)
        assert close(gateway, {"task": "x" * 96, "result": "success"})[0] == 200  # in memory only: still answered


if __name__ == "__main__":
    Cases(globals()).run()
