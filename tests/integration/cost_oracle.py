#!/usr/bin/env python3
"""What requests cost, computed again with Python's exact decimals from the catalogue's text, and compared.

The published catalogue and one made up here with every dimension of price: periods, long-context rules of both kinds,
tariffs by the clock, service tiers, cache classes, sound and pictures, the provider's own web searches. Cases crowd at the edges: cliffs and their neighbours by one token,
period and tariff boundaries by one second. STEELYARD_ORACLE_CASES (50,000; the long form has 1,000,000) and SEED.
"""
import datetime
import decimal
import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import yaml  # noqa: E402
from gateway import ROOT, Cases  # noqa: E402

D = decimal.Decimal
decimal.getcontext().prec = 60
CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "audio_input", "image_input",
           "output", "audio_output", "image_output")
INPUTS, OUTPUTS = CLASSES[:6], CLASSES[6:]
SERVICES = ("standard", "batch", "flex", "priority")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PICO = D(10) ** 6  # pico-dollars a token of a dollar per million
CAP = 2 ** 63 - 1


def ceil(value):
    return value.to_integral_value(rounding=decimal.ROUND_CEILING)


def capped(price):
    """A derived price: rounded up to a pico-dollar, and no more than a program can hold."""
    return min(ceil(price), D(CAP))


def moment(text):
    """Nanoseconds since 1970."""
    if isinstance(text, datetime.datetime):
        at = text if text.tzinfo else text.replace(tzinfo=datetime.timezone.utc)
    elif isinstance(text, datetime.date):
        at = datetime.datetime(text.year, text.month, text.day, tzinfo=datetime.timezone.utc)
    else:
        at = datetime.datetime.fromisoformat(str(text).replace("Z", "+00:00"))
        at = at if at.tzinfo else at.replace(tzinfo=datetime.timezone.utc)
    return int((at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)).total_seconds()) * 10 ** 9


def written(row):
    """Prices as the row writes them, in pico-dollars a token."""
    return {c: D(str(row[c]).lstrip("$")) * PICO for c in CLASSES if c in row}


def base_rates(row):
    own = written(row)
    rates = {"input": own["input"], "output": own["output"]}
    rates["cache_read"] = own.get("cache_read", own["input"])
    rates["cache_write_5m"] = own.get("cache_write_5m", own["input"])
    rates["cache_write_1h"] = own.get("cache_write_1h", rates["cache_write_5m"])
    for medium in ("audio", "image"):
        for way in ("input", "output"):
            rates[f"{medium}_{way}"] = own.get(f"{medium}_{way}", own[way])
    return rates


def beside(row, base):
    """What is not written keeps its proportion to `input`."""
    own = written(row)
    factor = own.get("input", base["input"])
    return {c: own.get(c, capped(base[c] * factor / base["input"]) if base["input"] else base[c]) for c in CLASSES}


def percent_of(text):
    return D(str(text).rstrip("%"))


def minutes(text):
    hours, rest = text.split(":")
    return int(hours) * 60 + int(rest)


def days_of(text):
    """"mon-fri", "sat" or a list of them."""
    found = set()
    for part in text if isinstance(text, list) else [p for p in str(text).replace(" ", "").split(",")]:
        first, _, last = part.partition("-")
        at, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        found.add(at)
        while at != end:
            at = (at + 1) % 7
            found.add(at)
    return found


class Period:
    def __init__(self, row):
        self.start = moment(row["from"]) if "from" in row else None
        self.end = moment(row["until"]) if "until" in row else None
        base = base_rates(row)
        self.cliffs = sorted(((c["above"], c.get("kind", "whole_request"), beside(c, base))
                              for c in row.get("long_context", [])), key=lambda cliff: cliff[0])
        self.base = base
        self.search = D(str(row["web_search"]).lstrip("$")) / 1000 if "web_search" in row else D(0)
        self.once = row.get("web_search_per") == "answer"
        self.services = {"standard": base, "batch": base, "flex": base, "priority": None}
        for name in ("batch", "flex", "priority"):
            if name in row:
                own = row[name]
                self.services[name] = beside(own, base) if isinstance(own, dict) else {
                    c: capped(base[c] * percent_of(own) / 100) for c in CLASSES}
        self.clock = []
        for rule in row.get("clock", []):
            days = days_of(rule["days"]) if "days" in rule else set(range(7))
            hours = rule["hours"] if isinstance(rule["hours"], list) else [rule["hours"]]
            for text in hours:
                begin, end = (minutes(t) for t in text.split("-"))
                self.clock.append((days, begin, end, percent_of(rule["percent"])))

    def bands(self, service):
        rates = self.services[service]
        if rates is None:
            return None
        bands = [(0, "whole_request", rates)]
        for above, kind, cliff in self.cliffs:
            # Of a service tier: the cliff's step from the standard price, on the tier's price.
            own = cliff if rates == self.base else {
                c: capped(rates[c] * cliff[c] / self.base[c]) if self.base[c] else cliff[c] for c in CLASSES}
            bands.append((above, kind, own))
        return bands

    def percent_at(self, ns):
        seconds = ns // 10 ** 9
        minute, weekday = seconds // 60 % 1440, (seconds // 86400 + 3) % 7
        for days, begin, end, percent in self.clock:
            if weekday in days and begin <= minute < end:
                return percent
        return D(100)


class Model:
    def __init__(self, row):
        self.periods = [Period(p) for p in row["prices"]]
        for one, after in zip(self.periods, self.periods[1:]):
            if one.end is None:
                one.end = after.start

    def cost(self, ns, service, usage):
        """Token by token position: the slowest way to be right."""
        period = None
        for candidate in self.periods:
            if (candidate.start is None or candidate.start <= ns) and (candidate.end is None or ns < candidate.end):
                period = candidate
        bands = period.bands(service) if period else None
        if bands is None:
            return None
        total = sum(usage[c] for c in INPUTS)
        inforce = []  # (first token, rates)
        for above, kind, rates in bands:
            if above and total <= above:
                continue
            if kind == "whole_request":
                inforce = []
            inforce.append((0 if kind == "whole_request" else above, rates))
        pico, position = D(0), 0
        for name in ("cache_read", "cache_write_1h", "cache_write_5m", "input", "audio_input", "image_input"):
            begin, end = position, position + usage[name]
            for i, (first, rates) in enumerate(inforce):
                last = inforce[i + 1][0] if i + 1 < len(inforce) else total
                pico += max(0, min(end, last) - max(begin, first)) * rates[name]
            position = end
        pico += sum(usage[c] * inforce[-1][1][c] for c in OUTPUTS)
        searches = min(usage["searches"], 1) if period.once else usage["searches"]
        dollars = searches * period.search  # neither the clock nor a service tier changes it
        return min(int(ceil(pico * period.percent_at(ns) / 100 / 1000) + dollars * 10 ** 9), CAP)

    def edges(self):
        tokens, instants = [0, 1], [moment("2026-11-22T10:00:00Z")]
        for period in self.periods:
            tokens += [above for above, _, _ in period.cliffs]
            instants += [t for t in (period.start, period.end) if t is not None]
        day = moment("2026-11-16") // 10 ** 9
        for period in self.periods:
            for days, begin, end, _ in period.clock:
                instants += [(day + d * 86400 + at * 60) * 10 ** 9 for d in days for at in (begin, end)]
        return tokens, instants


def case_of(chance, model):
    tokens, instants = model.edges_known
    ns = chance.choice(instants) + chance.choice((-10 ** 9, -1, 0, 1, 10 ** 9)) if chance.random() < 0.6 else \
        chance.randrange(moment("2025-06-01"), moment("2027-06-01"))
    total = chance.choice(tokens) + chance.choice((-1, 0, 1)) if chance.random() < 0.5 else \
        int(10 ** chance.uniform(0, 12 if chance.random() < 0.02 else 6.5))
    total = max(total, 0)
    cuts = sorted(chance.choice((0, total, chance.randint(0, total))) for _ in range(5))
    if chance.random() < 0.5:
        cuts[3:] = [total, total]  # text alone
    parts = [end - begin for begin, end in zip([0, *cuts], [*cuts, total])]
    if cuts[3] < total:
        chance.shuffle(parts)
    else:
        some = parts[:4]
        chance.shuffle(some)
        parts[:4] = some
    output = int(10 ** chance.uniform(0, 6)) if chance.random() < 0.9 else 0
    media = [int(10 ** chance.uniform(0, 5)) if chance.random() < 0.3 else 0 for _ in OUTPUTS[1:]]
    usage = dict(zip(CLASSES, [*parts, output, *media]))
    usage["searches"] = chance.choice((1, 2, 5, 1000)) if chance.random() < 0.3 else 0
    return max(ns, 0), chance.randrange(4), usage


def price(chance):
    return str(D(chance.randrange(1, 10 ** chance.randint(3, 9))) / PICO)


def made_up(chance, count=40):
    """A catalogue with everything a price row may say."""
    models = {}
    for n in range(count):
        periods, at = [], None
        for k in range(chance.randint(1, 3)):
            row = {"input": price(chance), "output": price(chance), "source": "made up"}
            if k:
                at = datetime.date(2026, 1, 1) + datetime.timedelta(days=chance.randint(1, 90)) + (
                    datetime.timedelta() if at is None else at - datetime.date(2026, 1, 1))
                row["from"] = at.isoformat()
            for name in [c for c in CLASSES if c not in row]:
                if chance.random() < 0.5:
                    row[name] = price(chance)
            cliffs = sorted(chance.sample((1, 1000, 32000, 128000, 200000, 272000), chance.randint(0, 3)))
            row["long_context"] = [{"above": above, "kind": chance.choice(("whole_request", "marginal")),
                                    **{c: price(chance) for c in CLASSES if chance.random() < 0.5}} for above in cliffs]
            if not cliffs:
                del row["long_context"]
            for name in SERVICES[1:]:
                if chance.random() < 0.5:
                    row[name] = f"{chance.randint(1, 300)}%" if chance.random() < 0.5 else {
                        c: price(chance) for c in CLASSES if chance.random() < 0.6 or c == "input"}
            if chance.random() < 0.5:
                row["web_search"] = price(chance)
                if chance.random() < 0.5:
                    row["web_search_per"] = chance.choice(("search", "answer"))
            if chance.random() < 0.5:
                row["clock"] = [{"days": chance.choice(("mon-fri", "sat", "sat-mon")), "hours": "01:00-04:30",
                                 "percent": f"{chance.randint(1, 300)}%"},
                                {"hours": ["00:00-02:00", "22:15-24:00"], "percent": "50%"}]
            periods.append(row)
        models[f"model-{n}"] = {"vendor": "Test", "context": 2000000, "output_max": 100000,
                                "can": ["tools"], "score": {"value": 60, "source": "test", "as_of": "2026-11-01"},
                                "prices": periods}
    return {"as_of": "2026-11-01", "models": models}


def compare(catalogue_text, cases, chance):
    catalogue = yaml.load(catalogue_text, Loader=yaml.BaseLoader)
    models = {name: Model(as_numbers(row)) for name, row in catalogue["models"].items() if row.get("prices")}
    for model in models.values():
        model.edges_known = model.edges()
    names = sorted(models)
    lines, expected = [], []
    for _ in range(cases):
        name = chance.choice(names)
        ns, service, usage = case_of(chance, models[name])
        lines.append(f"{name} {ns} {service} " + " ".join(str(usage[c]) for c in (*CLASSES, "searches")))
        expected.append(models[name].cost(ns, SERVICES[service], usage))
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "models.yaml").write_text(catalogue_text)
        (pathlib.Path(folder) / "gateway.yaml").write_text(
            "catalog: [models.yaml]\nproviders:\n  one: { models: [\"*\"], base_url: \"http://127.0.0.1:1/v1\" }\n")
        tool = pathlib.Path(os.environ.get("STEELYARD_BUILD", ROOT / "build/dev")) / "steelyard_cost_lines"
        done = subprocess.run([tool, "gateway.yaml"], cwd=folder, input="\n".join(lines), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split("\n")[:-1]
    assert len(answers) == len(lines), (len(answers), done.stderr)
    wrong = [(line, want, got) for line, want, got in zip(lines, expected, answers)
             if got != ("-" if want is None else str(want))]
    assert not wrong, f"{len(wrong)} of {cases} differ, the first: {wrong[0]}"
    return sum(1 for want in expected if want), len({model for model in names})


def as_numbers(row):
    """The texts of YAML where numbers are meant; prices stay texts."""
    for period in row["prices"]:
        for cliff in period.get("long_context", []):
            cliff["above"] = int(cliff["above"].replace(",", "").replace("_", ""))
    return row


CASES = int(os.environ.get("STEELYARD_ORACLE_CASES", "50000"))
SEED = int(os.environ.get("SEED", "20261122"))


def test_the_published_catalogue():
    chance = random.Random(SEED)
    text = (ROOT / "config/models.yaml").read_text()
    priced, models = compare(text, CASES // 2, chance)
    print(f"{CASES // 2} cases, {priced} with a cost above zero, {models} models; seed {SEED}")
    assert priced > CASES // 4


def test_a_catalogue_with_every_dimension_of_price():
    chance = random.Random(SEED + 1)
    done = 0
    while done < CASES // 2:
        count = min(10000, CASES // 2 - done)
        priced, _ = compare(yaml.safe_dump(made_up(chance)), count, chance)
        assert priced > count // 2
        done += count
    print(f"{done} cases; seed {SEED}")


if __name__ == "__main__":
    Cases(globals()).run()
