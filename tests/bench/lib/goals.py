"""The goals of the hot path: what was measured, what was wanted."""
import stats
import report


class Goal:
    """A row: `value` reads it from what tests/bench/run found, KeyError when that part was not run."""

    def __init__(self, what, limit, value, form="{:.2f}", stretch=None):
        self.what, self.limit, self.value, self.form, self.stretch = what, limit, value, form, stretch


def _instructions(kind):
    return lambda f: f["instructions"]["steelyard"][kind]["all"] / _theirs(f, kind)


def _theirs(found, kind):
    nginx = found["instructions"]["nginx"]
    return (nginx.get(kind) or nginx["auto"])["all"]


def _paired(title, other):
    def value(found):
        for name, _, values in report.series(found["rounds"]["rounds"], found["proxies"]):
            if name == title:
                return stats.paired(values["steelyard"], values[other])["median"]
        raise KeyError(title)
    return value


def _frames(key):
    return lambda f: sum(r["frame_cpu_us"]["steelyard"][key] for r in f["rounds"]["rounds"])


def _micro(f):
    return (f["micro"]["decide_auto_20"] + f["micro"]["book_in_memory"]) / 1000


def _peer(name):
    return lambda f: f["peers"][name]["ratio"]


CPU = "CPU-us per request, 16 connections"
GOALS = (
    Goal("instructions per request, auto, of nginx's", 0.90, _instructions("auto"), stretch=0.75),
    Goal("instructions per request, named, of nginx's", 0.90, _instructions("named"), stretch=0.75),
    Goal("CPU per request, of nginx's", 0.95, _paired(CPU, "nginx"), stretch=0.80),
    Goal("CPU per request, of HAProxy's", 0.95, _paired(CPU, "haproxy"), stretch=0.80),
    Goal("socket calls per request", 4.2, lambda f: f["system_calls"]["steelyard"]["socket"]),
    Goal("heap allocations per request", 2, lambda f: f["instructions"]["steelyard"]["auto"]["allocations"], stretch=0),
    Goal("added p50, one CPU, of nginx's", 1.0, _paired("added p50 us, 1 connection, 1 CPU", "nginx"), stretch=0.8),
    Goal("p99, open loop at half load, of nginx's", 1.1, _paired("p99 us, open loop at half load", "nginx")),
    Goal("instructions per stream event, of nginx's", 1.1, _instructions("frame"), stretch=0.9),
    Goal("stream events merged", 0, _frames("merged"), "{:.4f}"),
    Goal("stream events held back", 0, _frames("held_back"), "{:.0f}"),
    Goal("translated stream event, of one that is not", 2,
         lambda f: f["translated"]["all"] / f["instructions"]["steelyard"]["frame"]["all"]),
    Goal("bytes per open stream", 5_000, lambda f: f["memory"]["steelyard"]["per_stream"], "{:,.0f}", 3_000),
    Goal("bytes per open stream, TLS on both sides", 64_000, lambda f: f["tls"]["bytes"], "{:,.0f}", 50_000),
    Goal("of that many streams at once, events lost", 0, lambda f: f["crowd"]["lost"], "{:.0f}"),
    Goal("goodput under 3 x overload, of its peak", 0.90, lambda f: f["overload"]["goodput"] / f["overload"]["peak"]),
    Goal("refusal under overload, p50 us", 1_000, lambda f: f["overload"]["shed_p50_us"], "{:,.0f}"),
    Goal("400 KB prompt, fresh: own work, us", 2_000, lambda f: f["large"]["fresh_us"], "{:,.0f}"),
    Goal("400 KB prompt, resent: own work, us", 120, lambda f: f["large"]["resent_us"], "{:,.0f}"),
    Goal("policy, plan and hold: 20 models, 1,000 teams, us", 2.0, _micro, stretch=0.5),
    Goal("CPU per request, of LiteLLM's", 1 / 100, _peer("litellm"), "{:.4f}"),
    Goal("CPU per request, of Portkey's", 1 / 40, _peer("portkey"), "{:.4f}"),
    Goal("CPU per request, of Bifrost's", 1 / 5, _peer("bifrost"), "{:.4f}"),
    Goal("growth of memory under mixed load", 0.02, lambda f: f["soak"]["growth"], "{:+.3f}"),
)
HIGHER = {"goodput under 3 x overload, of its peak"}


def rows(found):
    """(what, measured, goal, verdict) of every goal; "not measured" where that part was not run or cannot be here."""
    out = []
    for goal in GOALS:
        sign = ">=" if goal.what in HIGHER else "<="
        wanted = f"{sign} {goal.form.format(goal.limit)}" + (f" [{goal.form.format(goal.stretch)}]" if goal.stretch is not None else "")
        try:
            value = goal.value(found)
        except (KeyError, TypeError, ZeroDivisionError):
            out.append((goal.what, "", wanted, "not measured"))
            continue
        met = value >= goal.limit if goal.what in HIGHER else value <= goal.limit
        out.append((goal.what, goal.form.format(value), wanted, "met" if met else "MISSED"))
    return out


def table(found):
    return [f"{what:52}{value:>12}   {wanted:20}{verdict}" for what, value, wanted, verdict in
            [("goal", "measured", "wanted", ""), *rows(found)]]
