#!/usr/bin/env python3
"""Writes docker/grafana/dashboards/steelyard.json: the rows and panels below, laid out. `--check` only compares."""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "docker/grafana/dashboards/steelyard.json"
RATE = "[$__rate_interval]"


def quantile(q, metric, by="le"):
    return f"histogram_quantile({q}, sum by ({by}) (rate({metric}_bucket{RATE})))"


def rate(metric, by):
    return f"sum by ({by}) (rate({metric}{RATE}))" if by else f"sum(rate({metric}{RATE}))"


# row → panels: (title, kind, unit, [(expression, legend)])
ROWS = {
    "Traffic": [
        ("Requests a second, by outcome", "timeseries", "reqps", [(rate("steelyard_requests_total", "outcome"), "{{outcome}}")]),
        ("Succeeded", "stat", "percentunit",
         [('sum(rate(steelyard_requests_total{outcome="success"}[5m])) / sum(rate(steelyard_requests_total[5m]))', "")]),
        ("Streams now", "stat", "none", [("sum(steelyard_streams_active)", "")]),
        ("In flight", "timeseries", "none",
         [("sum(steelyard_requests_in_flight)", "requests"), ("sum(steelyard_connections)", "connections")]),
        ("Clients that left", "timeseries", "reqps", [(rate("steelyard_client_aborts_total", "when"), "{{when}}")]),
    ],
    "Latency": [
        ("First token", "timeseries", "s",
         [(quantile(q, "steelyard_time_to_first_token_seconds"), f"p{int(q * 100)}") for q in (0.5, 0.9, 0.99)]),
        ("First token by model, p90", "timeseries", "s",
         [(quantile(0.9, "steelyard_time_to_first_token_seconds", "le, provider, model"), "{{provider}} {{model}}")]),
        ("Overhead: the gateway's own share", "timeseries", "s",
         [(quantile(q, "steelyard_overhead_seconds"), f"p{int(q * 100)}") for q in (0.5, 0.9, 0.99)]),
        ("Whole request", "timeseries", "s",
         [(quantile(q, "steelyard_request_duration_seconds"), f"p{int(q * 100)}") for q in (0.5, 0.9, 0.99)]),
        ("Between tokens", "timeseries", "s",
         [(quantile(q, "steelyard_inter_token_seconds"), f"p{int(q * 100)}") for q in (0.5, 0.99)]),
    ],
    "Money": [
        ("Dollars an hour, by model", "timeseries", "currencyUSD",
         [("sum by (provider, model) (rate(steelyard_cost_usd_total[1h])) * 3600", "{{provider}} {{model}}")]),
        ("Spent in 24 h", "stat", "currencyUSD", [("sum(increase(steelyard_cost_usd_total[24h]))", "")]),
        ("Saved in 24 h", "stat", "currencyUSD", [("sum(delta(steelyard_saved_usd[24h]))", "")]),
        ("Budgets used", "bargauge", "percentunit",
         [("max by (budget, window) ((steelyard_budget_spent_usd + steelyard_budget_reserved_usd) / (steelyard_budget_limit_usd > 0))",
           "{{budget}} per {{window}}")]),
        ("Left to spend", "timeseries", "currencyUSD",
         [("min by (budget, window) (steelyard_budget_limit_usd - steelyard_budget_spent_usd - steelyard_budget_reserved_usd)",
           "{{budget}} per {{window}}")]),
        ("Pace: use against time, 1 ends with the window", "timeseries", "none",
         [("max by (budget, window) (steelyard_budget_pace_ratio)", "{{budget}} per {{window}}")]),
        ("Dollars a day, since the window began", "timeseries", "currencyUSD",
         [("max by (budget, window) (steelyard_budget_burn_usd_per_day)", "{{budget}} per {{window}}")]),
        ("Gone at this rate", "table", "dateTimeFromNow",
         [("min by (budget, window) (steelyard_budget_exhausted_at_timestamp_seconds) * 1000", "")]),
        ("Window ends", "table", "dateTimeFromNow",
         [("max by (budget, window) (steelyard_budget_window_end_timestamp_seconds) * 1000", "")]),
        ("Tokens a second", "timeseries", "none", [(rate("steelyard_tokens_total", "direction, kind"), "{{direction}} {{kind}}")]),
        ("Web searches an hour", "timeseries", "none",
         [("sum by (provider, model) (rate(steelyard_web_searches_total[1h])) * 3600", "{{provider}} {{model}}")]),
        ("Read from caches", "timeseries", "percentunit",
         [('sum by (model) (rate(steelyard_tokens_total{kind="cached"}[15m])) / '
           'sum by (model) (rate(steelyard_tokens_total{direction="input"}[15m]))', "{{model}}")]),
        ("Quotas of plans", "timeseries", "none", [("max by (quota, window) (steelyard_quota_limit)", "{{quota}} {{window}}: all"),
                                                   ("max by (quota, window) (steelyard_quota_used)", "{{quota}} {{window}}: used"),
                                                   ("max by (quota, window) (steelyard_quota_held)", "{{quota}} {{window}}: held")]),
        ("Holds", "timeseries", "none", [("sum(steelyard_reservations_open)", "open"),
                                         ("sum(increase(steelyard_reservations_expired_total[5m]))", "expired in 5 min")]),
        ("Billed above the hold", "timeseries", "currencyUSD", [("sum(increase(steelyard_settle_overrun_usd_total[1h]))", "in an hour")]),
    ],
    "Providers": [
        ("Attempts a second", "timeseries", "reqps", [(rate("steelyard_upstream_attempts_total", "provider, result"), "{{provider}} {{result}}")]),
        ("Breakers: 0 closed, 1 half-open, 2 open", "timeseries", "none", [("max by (provider, model) (steelyard_breaker_state)", "{{provider}} {{model}}")]),
        ("Failovers a minute", "timeseries", "none",
         [("sum by (from, to) (rate(steelyard_failovers_total[5m])) * 60", "{{from}} to {{to}}")]),
        ("Retries and escalations a minute", "timeseries", "none",
         [("sum(rate(steelyard_retries_total[5m])) * 60", "retries"), ("sum(rate(steelyard_escalations_total[5m])) * 60", "escalations")]),
    ],
    "Policies": [
        ("Decisions a second, by rule", "timeseries", "reqps", [(rate("steelyard_policy_decisions_total", "rule, effect"), "{{rule}} {{effect}}")]),
        ("Error of the token count, by how it was counted", "timeseries", "percentunit",
         [(quantile(q, "steelyard_token_estimate_error_ratio", "le, kind"), f"{{{{kind}}}} p{int(q * 100)}")
          for q in (0.5, 0.99)]),
        ("Error of the token count by model, p90", "timeseries", "percentunit",
         [(quantile(0.9, "steelyard_token_estimate_error_ratio", "le, provider, model, kind"),
           "{{provider}} {{model}} {{kind}}")]),
        ("Fields that translations lost, in an hour", "timeseries", "none",
         [("sum by (field) (increase(steelyard_dropped_fields_total[1h]))", "{{field}}")]),
    ],
    "Process": [
        ("Memory", "timeseries", "bytes", [('process_resident_memory_bytes{job="steelyard"}', "{{instance}}")]),
        ("CPU", "timeseries", "none", [('rate(process_cpu_seconds_total{job="steelyard"}[$__rate_interval])', "{{instance}} cores")]),
        ("File descriptors", "timeseries", "none", [('process_open_fds{job="steelyard"}', "open"), ('process_max_fds{job="steelyard"}', "limit")]),
        ("Decision log lines", "timeseries", "none",
         [("sum(rate(steelyard_log_written_total[5m]))", "written a second"), ("sum(increase(steelyard_log_dropped_total[5m]))", "lost in 5 min"),
          ("sum(increase(steelyard_log_write_errors_total[5m]))", "write errors in 5 min")]),
        ("Configuration", "table", "none", [("steelyard_build_info", "")]),
        ("Reloads", "timeseries", "none", [("min(steelyard_config_last_reload_successful)", "last one taken over"),
                                           ("sum(increase(steelyard_config_reload_failures_total[1h]))", "refused in an hour")]),
    ],
}
WIDTH = {"stat": 4, "timeseries": 8, "bargauge": 8, "table": 8}


def panel(number, title, kind, unit, targets, x, y):
    instant = kind in ("stat", "bargauge", "table")
    return {
        "id": number, "title": title, "type": kind,
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "gridPos": {"h": 8, "w": WIDTH[kind], "x": x, "y": y},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0 if unit != "currencyUSD" else None}, "overrides": []},
        "options": {} if kind != "bargauge" else {"orientation": "horizontal", "displayMode": "basic"},
        "targets": [{"refId": chr(ord("A") + i), "expr": expression, "legendFormat": legend, "instant": instant,
                     "range": not instant, "format": "table" if kind == "table" else "time_series"}
                    for i, (expression, legend) in enumerate(targets)],
    }


def dashboard():
    panels, y, number = [], 0, 1
    for row, contents in ROWS.items():
        panels.append({"id": number, "type": "row", "title": row, "collapsed": False, "panels": [],
                       "gridPos": {"h": 1, "w": 24, "x": 0, "y": y}})
        y, x, number = y + 1, 0, number + 1
        for title, kind, unit, targets in contents:
            if x + WIDTH[kind] > 24:
                x, y = 0, y + 8
            panels.append(panel(number, title, kind, unit, targets, x, y))
            x, number = x + WIDTH[kind], number + 1
        y += 8
    return {"uid": "steelyard", "title": "Steelyard", "tags": ["llm", "gateway"], "timezone": "browser", "editable": True,
            "schemaVersion": 39, "version": 1, "refresh": "10s", "time": {"from": "now-1h", "to": "now"},
            "templating": {"list": []}, "annotations": {"list": []}, "panels": panels}


def main():
    text = json.dumps(dashboard(), indent=1) + "\n"
    if "--check" in sys.argv:
        return 0 if FILE.read_text() == text else 1
    FILE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
