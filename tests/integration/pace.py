#!/usr/bin/env python3
"""A budget that is used faster than time passes: told in metrics, in `budget show`, in the webhook; cheaper tiers first."""
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gateway import CATALOG, STEELYARD, Cases, Gateway, Mock, config, message, running  # noqa: E402

LADDER = "{ 120%: { max_tier: standard }, 400%: { max_tier: economy } }"
MODELS = CATALOG + """
  tiny:
    vendor: Test
    context: 128000
    output_max: 16384
    can: [tools]
    score: { value: 42, source: test, as_of: 2026-11-01 }
    prices: [{ input: 0.1, output: 0.2, source: test }]
"""


def gateway_of(mock, limit, more=""):
    # A year that began with this month: at most a twelfth of it has passed.
    month = time.strftime("%b", time.gmtime()).lower()
    text = config({"one": (mock.port, ["*"])}, more=more,
                  team_budgets=f"[{{ limit: {limit}, per: year, starts: {month}, pace: {LADDER} }}]")
    text = text.replace("  standard: { min_score: 50 }",
                        "  economy: { min_score: 40 }\n  standard: { min_score: 50 }\n  premium: { min_score: 65 }")
    return Gateway(text, MODELS, None, {"TEST_PROVIDER_KEY": "x"})


def time_share(budget):
    """What of the window counts as passed."""
    start, end = budget["window_start_ns"], budget["window_end_ns"]
    return (time.time_ns() - start) / (end - start) + 0.05


def test_a_team_ahead_of_its_pace_moves_to_cheaper_tiers_before_it_is_blocked():
    mock = Mock("cheap,1,2", "dear,10,20", "tiny,0.1,0.2")
    mock.behave(output_tokens=100, input_tokens=0)
    gateway = gateway_of(mock, "$1")
    with running(mock, gateway):
        live = (gateway.folder / "gateway.yaml").read_text().replace('"127.0.0.1:0"', f'"127.0.0.1:{gateway.admin_port}"')
        gateway.write("live.yaml", live)

        def model_now():
            status, headers, data = gateway.chat(message("x", model="tier:premium", max_tokens=100))
            assert status == 200, data
            return headers["x-steelyard-model"]

        def at_pace(percent):
            """An operator corrects what is posted to so much of the pace."""
            budget = gateway.budgets()["acme/search"]
            change = int(percent / 100 * time_share(budget) * 10 ** 9) - budget["posted_nano_usd"]
            done = subprocess.run([STEELYARD, "budget", "adjust", "acme/search", f"${abs(change) / 1e9:.9f}",
                                   *(["--minus"] if change < 0 else []), "--config", "live.yaml"], cwd=gateway.folder,
                                  env=gateway.environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr

        for percent, model in ((60, "dear"), (110, "dear"), (130, "cheap"), (390, "cheap"), (410, "tiny"), (130, "cheap"), (60, "dear")):
            at_pace(percent)
            assert model_now() == model, (percent, model)
        found = gateway.budgets()["acme/search"]
        assert abs(found["pace_percent"] - 100 * found["posted_nano_usd"] / 1e9 / time_share(found)) <= 1.5, found


def test_pace_and_forecast_are_told_everywhere():
    mock = Mock("cheap,1,2")
    mock.behave(output_tokens=1000, input_tokens=0)
    gateway = gateway_of(mock, "$0.01", more="ledger: { directory: books }")
    with running(mock, gateway):
        while gateway.chat(message("x", model="cheap", max_tokens=1000))[0] == 200:
            pass
        found = gateway.budgets()["acme/search"]
        assert found["posted_nano_usd"] >= 8 * 10 ** 6 and found["pace_percent"] >= 500, found
        page = gateway.admin("/metrics")[1].decode()
        labels = '{budget="acme/search",window="year"}'
        samples = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
        assert abs(float(samples["steelyard_budget_pace_ratio" + labels]) - found["pace_percent"] / 100) <= 0.02
        assert float(samples["steelyard_budget_burn_usd_per_day" + labels]) > 0
        gone = float(samples["steelyard_budget_exhausted_at_timestamp_seconds" + labels])
        assert time.time() - 60 < gone < found["window_end_ns"] / 1e9, gone
        done = subprocess.run([STEELYARD, "budget", "show", "acme/search", "--config", "gateway.yaml", "--json"], cwd=gateway.folder,
                              env=gateway.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        [shown] = json.loads(done.stdout)["budgets"]
        assert abs(shown["pace_percent"] - found["pace_percent"]) <= 2 and abs(shown["exhausted_at_ns"] / 1e9 - gone) < 3600, shown
        body = message("x", model="tier:premium")
        text = gateway.chat(body, path="/route/explain", headers={"accept": "text/plain"})[2].decode()
        assert "ahead of its pace" in text and "nothing above economy" in text and "lowered by the budget" in text, text
        told = json.loads(gateway.chat(body, path="/route/explain")[2])["budgets"][0]
        assert told["pace_percent"] >= 500 and told["paced_tier"] == "economy", told


if __name__ == "__main__":
    Cases(globals()).run()
