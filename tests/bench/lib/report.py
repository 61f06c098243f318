"""One table from all figures; and what of it a history of commits keeps."""
import stats

WIDTHS = (46, 12, 12, 12, 26, 26)


def table(found):
    """Lines of text. `found` is what tests/bench/run measured."""
    names = found["proxies"]
    rows = [("", *names, *(f"of {name}'s" for name in names[1:]))]
    if "instructions" in found:
        rows += _instructions(found["instructions"], names)
    if "rounds" in found:
        rows += _rounds(found["rounds"], names)
    if "system_calls" in found:
        rows += _calls(found["system_calls"], names)
    if "memory" in found:
        rows.append(_plain("resident bytes per open stream", names,
                           {n: found["memory"][n]["per_stream"] for n in names}, "{:,.0f}"))
        rows.append(_plain("resident bytes, idle process", names,
                           {n: found["memory"][n]["idle_process"] for n in names}, "{:,.0f}"))
    return [_line(row) for row in rows] + _alone(found)


def _alone(found):
    """What is steelyard's alone, a line each."""
    lines = []
    if found.get("tls"):
        lines.append("TLS on both sides: {bytes:,.0f} resident bytes per open stream, of {streams}".format(**found["tls"]))
    if found.get("crowd"):
        lines.append("{streams:,} streams at once: {lost} lost, {bytes:,.0f} bytes each, events {age_p50_us:,.0f} us old on arrival "
                     "(p99 {age_p99_us:,.0f}), {cpu_share:.0%} of a CPU".format(**found["crowd"]))
    if found.get("overload"):
        lines.append("3 x overload: {goodput:,.0f}/s of {peak:,.0f}/s at the limit; {shed:,.0f}/s refused after {shed_p50_us:,.0f} us "
                     "(p99 {shed_p99_us:,.0f}); p99 of the others {admitted_p99_us:,.0f} us".format(**found["overload"]))
        lines.append("small requests: p50 {alone_p50_us:,.0f} p99 {alone_p99_us:,.0f} us; beside 400 KB prompts {beside_p50_us:,.0f} and "
                     "{beside_p99_us:,.0f} us".format(**found["beside_large"]))
    if found.get("large"):
        lines.append("400 KB prompt ({tokens:,.0f} tokens): {fresh_us:,.0f} us of own work, resent {resent_us:,.0f} us".format(
            **found["large"]))
    if found.get("soak"):
        lines.append("mixed load for {minutes:.1f} min: {growth:+.1%} resident memory".format(**found["soak"]))
    for name, peer in (found.get("peers") or {}).items():
        if "missing" in peer:
            lines.append(f"{name} {peer['version']}: not measured, {peer['missing']}")
        else:
            lines.append("{0} {version}: {cpu_us:,.1f} CPU-us per request, ours {ours_us:.1f}: 1/{1:,.0f} [{low:.4f}, {high:.4f}]".format(
                name, 1 / peer["ratio"], **peer))
    return ["", *lines] if lines else []


def _line(row):
    cells = [str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
             for i, (cell, width) in enumerate(zip(row, WIDTHS))]
    return "".join(cells).rstrip()


def _plain(title, names, values, form):
    ours = values.get(names[0])
    ratios = [f"{ours / values[n]:.2f}" if ours is not None and values.get(n) else "-" for n in names[1:]]
    return (title, *(form.format(values[n]) if values.get(n) is not None else "-" for n in names), *ratios)


def _instructions(found, names):
    def of(kind, what):
        return {n: (found[n].get(kind) or found[n]["auto"])[what] for n in names}

    return [
        _plain("instructions per request, model auto", names, of("auto", "all"), "{:,.0f}"),
        _plain("  of them on the busiest thread", names, of("auto", "worker"), "{:,.0f}"),
        _plain("instructions per request, named model", names, of("named", "all"), "{:,.0f}"),
        _plain("instructions per stream event", names, of("frame", "all"), "{:,.0f}"),
        _plain("heap allocations per request, model auto", names, of("auto", "allocations"), "{:.2f}"),
        _plain("heap allocations per stream event", names, of("frame", "allocations"), "{:.2f}"),
    ]


def series(rounds, names):
    """Title, form, and per proxy the values round by round."""
    def of(read):
        return {n: [read(one, n) for one in rounds] for n in names}

    yield "CPU-us per request, 16 connections", "{:.1f}", of(lambda r, n: r["request_cpu_us"][n])
    yield "CPU-us per stream event, 200 streams x 50/s", "{:.1f}", of(lambda r, n: r["frame_cpu_us"][n]["cpu_us"])
    yield "added p50 us, 1 connection, 1 CPU", "{:.1f}", of(lambda r, n: r["p50_us"][n] - r["p50_us"]["direct"])
    yield "p99 us, open loop at half load", "{:,.0f}", of(lambda r, n: r["p99_us"][n])
    yield "age of stream events on arrival, p50 us", "{:,.0f}", of(lambda r, n: r["frame_cpu_us"][n]["age_p50_us"])
    yield "age of stream events on arrival, p99 us", "{:,.0f}", of(lambda r, n: r["frame_cpu_us"][n]["age_p99_us"])


def _rounds(found, names):
    rows = []
    for title, form, values in series(found["rounds"], names):
        ratios = []
        for name in names[1:]:
            ratio = stats.paired(values[names[0]], values[name])
            ratios.append("{median:.2f}  [{low:.2f}, {high:.2f}]".format(**ratio))
        rows.append((title, *(form.format(stats.median(values[n])) for n in names), *ratios))
    for title, key in (("stream events merged, per 1,000", "merged"), ("stream events held back > 100 ms", "held_back")):
        scale = 1000 if key == "merged" else 1
        values = {n: scale * sum(r["frame_cpu_us"][n][key] for r in found["rounds"]) for n in names}
        if key == "merged":
            values = {n: v / len(found["rounds"]) for n, v in values.items()}
        rows.append((title, *(f"{values[n]:.1f}" if key == "merged" else f"{values[n]:.0f}" for n in names)))
    return rows


def _calls(found, names):
    if any(found[n] is None for n in names):
        return [("system calls: strace may not attach here",)]
    rows = [_plain(f"system calls per request: {kind}", names, {n: found[n][kind] for n in names}, "{:.2f}")
            for kind in ("socket", "poll", "file", "other")]
    return rows


def history_row(found):
    """Small and flat: one line of history.jsonl."""
    names, row = found["proxies"], {key: found[key] for key in ("date", "commit", "cpu", "seed")}
    for name in names if "instructions" in found else ():
        for kind, figures in found["instructions"][name].items():
            row[f"{name}.instructions.{kind}"] = round(figures["all"])
    ours = found.get("instructions", {}).get("steelyard", {}).get("auto")
    if ours:
        row["steelyard.allocations"] = round(ours["allocations"], 3)
    if "rounds" in found:
        row["rounds"] = len(found["rounds"]["rounds"])
        for title, _, values in series(found["rounds"]["rounds"], names):
            row[title] = {n: round(stats.median(values[n]), 2) for n in names}
            row[title].update({f"of {n}": [round(x, 3) for x in list(stats.paired(values[names[0]], values[n]).values())[:3]]
                               for n in names[1:]})
    for name in names if found.get("system_calls") and all(found["system_calls"].values()) else ():
        row[f"{name}.socket_calls"] = found["system_calls"][name]["socket"]
    for part in ("tls", "crowd", "overload", "beside_large", "large", "translated", "soak", "peers"):
        if found.get(part):
            row[part] = {key: round(value, 4) if isinstance(value, float) else value for key, value in found[part].items()}
    for name in names if "memory" in found else ():
        row[f"{name}.stream_bytes"] = round(found["memory"][name]["per_stream"])
    return row
