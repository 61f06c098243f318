"""Medians, and how sure they are."""
import random
import statistics


def median(values):
    return statistics.median(values) if values else float("nan")


def interval(values, seed=1, samples=4000):
    """Bootstrap: the central 95 % of the medians of samples drawn from the values, with replacement."""
    if len(values) < 2:
        return (float("nan"), float("nan"))
    chance = random.Random(seed)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(samples))
    return medians[int(samples * 0.025)], medians[int(samples * 0.975)]


def paired(ours, theirs):
    """Ratios round by round: what disturbs both in a round cancels out. {median, low, high}."""
    ratios = [a / b for a, b in zip(ours, theirs) if b > 0]
    low, high = interval(ratios)
    return {"median": median(ratios), "low": low, "high": high, "rounds": len(ratios)}
