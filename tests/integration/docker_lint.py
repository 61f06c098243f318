#!/usr/bin/env python3
"""The files in docker/ hold together: they parse, name files, metrics, labels and packages that exist, and agree with
each other. Prometheus' own tool checks the rules and runs their tests when it is installed."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DOCKER = ROOT / "docker"
PASSED = FAILED = 0


def check(why, good):
    global PASSED, FAILED
    PASSED, FAILED = PASSED + bool(good), FAILED + (not good)
    if not good:
        print(f"FAIL {why}")


def metrics_listed():
    """name → (type, labels), from the table that a unit test compares with the page itself."""
    found = {}
    for line in (ROOT / "gateway/telemetry/README.md").read_text().splitlines():
        row = re.match(r"\| `(\w+)(?:\{([\w,]+)\})?` \| (\w+) \|", line)
        if row:
            found[row.group(1)] = (row.group(3), set((row.group(2) or "").split(",")) - {""})
    return found


def check_expression(where, expression, metrics):
    """Every metric of ours in a PromQL expression exists, and is asked only for labels that it has."""
    for name, selector in re.findall(r"\b((?:steelyard|process)_\w+)\b(?:\{([^}]*)\})?", expression):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        kind, labels = metrics.get(name) or metrics.get(base) or (None, set())
        check(f"{where}: no metric {name}", kind is not None)
        if name != base and name not in metrics:
            check(f"{where}: {base} is no histogram", kind == "histogram")
        for label in re.findall(r"(\w+)\s*[=!]~?", selector or ""):
            check(f"{where}: {name} has no label {label}", label in labels | {"le", "job", "instance"})
    used = {m for m in re.findall(r"\b(?:steelyard|process)_\w+", expression)}
    have = set().union(*(metrics.get(re.sub(r"_(bucket|sum|count)$", "", m), metrics.get(m, (0, set())))[1] for m in used)) \
        if used else set()
    for by in re.findall(r"\bby \(([^)]*)\)", expression):
        for label in re.split(r",\s*", by):
            check(f"{where}: grouped by {label}, which no metric in it has", label in have | {"le", "job", "instance"})


def check_rules(metrics):
    rules = yaml.safe_load((DOCKER / "alerts.yml").read_text())
    names = []
    for group in rules["groups"]:
        for rule in group["rules"]:
            names.append(rule["alert"])
            check_expression(f"alert {rule['alert']}", rule["expr"], metrics)
            check(f"{rule['alert']}: severity", rule["labels"]["severity"] in ("page", "ticket"))
            check(f"{rule['alert']}: a summary", len(rule["annotations"]["summary"]) > 10)
    check("alert names are unique", len(names) == len(set(names)))
    tests = yaml.safe_load((DOCKER / "alerts_test.yml").read_text())
    tested = {t["alertname"] for case in tests["tests"] for t in case["alert_rule_test"]}
    check(f"alerts_test.yml names alerts that exist: {tested - set(names)}", tested <= set(names))


def check_dashboard(metrics):
    board = json.loads((DOCKER / "grafana/dashboards/steelyard.json").read_text())
    check("dashboard is as tests/support/make_dashboard.py writes it",
          subprocess.run([ROOT / "tests/support/make_dashboard.py", "--check"]).returncode == 0)
    check("panel ids are unique", len({p["id"] for p in board["panels"]}) == len(board["panels"]))
    sources = yaml.safe_load((DOCKER / "grafana/provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    uids = {s["uid"] for s in sources}
    shown = ""
    for panel in board["panels"]:
        place = panel["gridPos"]
        check(f"{panel['title']}: inside the grid", place["x"] + place["w"] <= 24)
        for target in panel.get("targets", []):
            check_expression(f"panel {panel['title']}", target["expr"], metrics)
            check(f"{panel['title']}: data source", panel["datasource"]["uid"] in uids)
            shown += target["expr"]
    unseen = [m for m in metrics if m not in shown and m.startswith("steelyard_")]
    allowed = {"steelyard_config_last_reload_success_timestamp_seconds", "steelyard_config_reloads_total"}
    check(f"metrics that no panel shows: {unseen}", set(unseen) <= allowed)


def check_compose():
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    named = set(compose.get("volumes", {}))
    for name, service in compose["services"].items():
        check(f"{name}: an image", "image" in service)
        check(f"{name}: a fixed version", "build" in service or re.search(r":v?\d", service["image"]))
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            check(f"{name}: {source} exists", source in named or (DOCKER / source).exists())
        for port in service.get("ports", []):
            check(f"{name}: port {port} is bound to the loopback", str(port).startswith("127.0.0.1:"))
        for other in service.get("depends_on", []):
            check(f"{name}: depends on {other}", other in compose["services"])
    build = compose["services"]["gateway"]["build"]
    check("build file", (DOCKER / build["context"] / build["dockerfile"]).exists())
    scrape = yaml.safe_load((DOCKER / "prometheus.yml").read_text())
    check("prometheus: rule files exist", all((DOCKER / f).exists() for f in scrape["rule_files"]))
    for job in scrape["scrape_configs"]:
        for target in job["static_configs"][0]["targets"]:
            check("prometheus scrapes the admin address", target in compose["services"]["gateway"]["command"])
            check("and is on its network", compose["services"]["prometheus"]["network_mode"] == "service:gateway")


def check_image():
    text = (DOCKER / "Dockerfile").read_text()
    stages = re.split(r"(?m)^FROM ", text)[1:]
    check("two stages", len(stages) == 2)
    needed = re.search(r"packages_build=\((.*?)\n\)", (ROOT / "dev").read_text(), re.S).group(1)
    packages = {p.split("|")[0].strip('"') for p in needed.split()} - {"librapidcheck-dev", "liblua5.1-0-dev"}
    missing = {p for p in packages if not re.search(rf"(?<![\w.-]){re.escape(p)}(?![\w.-])", stages[0])}
    check(f"the image is built with what `dev` installs; missing: {missing}", not missing)
    check("runs as an ordinary user", re.search(r"(?m)^USER \d+", stages[1]))
    check("no compiler in the final image", not re.search(r"g\+\+|-dev\b", stages[1]))
    for source in re.findall(r"COPY --from=build ((?:/src/\S+ )+)", text):
        for path in source.split():
            relative = path.removeprefix("/src/")
            check(f"copied file exists: {relative}", relative.startswith("build/") or (ROOT / relative).exists())


def check_libraries():
    """The final image has the libraries the binary asks for. Only Debian 12 can tell."""
    binary = os.environ.get("STEELYARD")
    release = pathlib.Path("/etc/os-release").read_text() if pathlib.Path("/etc/os-release").exists() else ""
    if not binary or 'VERSION_CODENAME=bookworm' not in release:
        print("the image's libraries are checked on Debian 12, with $STEELYARD set")
        return
    image = re.split(r"(?m)^FROM ", (DOCKER / "Dockerfile").read_text())[2]
    linked = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"=> (/\S+)", linked):
        real = str(pathlib.Path(library).resolve())
        paths = [real, real.removeprefix("/usr")]  # dpkg may know it by the name before the merge of /usr
        owners = [subprocess.run(["dpkg", "-S", path], capture_output=True, text=True).stdout for path in paths]
        package = "".join(owners).split(":")[0]
        basic = package in ("libc6", "libstdc++6", "libgcc-s1")
        check(f"the image has {package} for {library}", basic or re.search(rf"\b{re.escape(package)}\s", image))


def check_unit():
    lines = (DOCKER / "steelyard.service").read_text().splitlines()
    settings = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
    reload = [value for name, value in settings if name == "ExecReload"]
    check("a reload checks first", len(reload) == 2 and " check " in reload[0] and "HUP" in reload[1])
    for name, value in {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "DynamicUser": "yes",
                        "MemoryDenyWriteExecute": "yes"}.items():
        check(f"unit: {name}={value}", [name, value] in settings)
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", DOCKER / "steelyard.service"], capture_output=True,
                              text=True)
        said = [line for line in (done.stdout + done.stderr).splitlines()
                if "steelyard.service" in line and "is not executable" not in line]
        check(f"systemd-analyze: {said}", not said)


def check_with_promtool():
    if not shutil.which("promtool"):
        print("promtool is not installed: alert rules are parsed, but not run")
        return
    for command in (["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=DOCKER, capture_output=True, text=True)
        check(f"promtool {' '.join(command)}:\n{done.stdout}{done.stderr}", done.returncode == 0)


def main():
    metrics = metrics_listed()
    check("the README lists the metrics", len(metrics) > 30)
    for path in list(DOCKER.rglob("*.yml")) + list(DOCKER.rglob("*.yaml")):
        check(f"{path.name} parses", yaml.safe_load(path.read_text()) is not None)
    check_rules(metrics)
    check_dashboard(metrics)
    check_compose()
    check_image()
    check_libraries()
    check_unit()
    check_with_promtool()
    print(f"{PASSED} passed, {FAILED} failed")
    return 0 if FAILED == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
