"""Do the intervals of chapters 18 and 19 and of case C5 hold the truth, over many companies?

    python benchmarks/leaving_study.py [--seeds 200]

Save calls: the log odds of the three steps and of the opening, by a logit with a level for each agent; the share
saved by each agent, shrunk. Win-back: what the gift and the discount add. The mobile operator: what each of its three
offers adds. The report is written to benchmarks/leaving_study.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from test_company_leaving import fitted  # noqa: E402

from crmlab import decide, winback  # noqa: E402
from crmlab.company import simulate  # noqa: E402
from crmlab.company.leaving import OFFER_FIRST, STEP_EFFECT, STEPS  # noqa: E402
from crmlab.company.mobile import ARMS, REGAIN  # noqa: E402

REPORT = Path(__file__).with_name("leaving_study.md")
NAMES = ["save_calls", "winback_test", "truth/winback", "telecom_winback", "truth/telecom"]
PEOPLE = 4300


def one(seed: int) -> dict[str, tuple[float, float, float, float]]:
    """For each effect of one company: truth, estimate, and the interval's ends."""
    made = simulate(seed, PEOPLE, NAMES)
    found: dict[str, tuple[float, float, float, float]] = {}
    b, se = fitted(made["save_calls"])
    for name, truth, at, error in zip((*STEPS, "offer first"), (*STEP_EFFECT, OFFER_FIRST), b, se, strict=True):
        found[f"save call: {name} (log odds)"] = (truth, at, at - 1.96 * error, at + 1.96 * error)
    test, chance = made["winback_test"], made["truth/winback"]
    for arm in ("gift", "discount"):
        truth = float(chance[f"returns_{arm}"].mean() - chance["returns_none"].mean())
        found[f"win-back: {arm}"] = (truth, *lift(test["returned"], test["arm"], arm))
    lines = made["telecom_winback"]
    planted = np.array(REGAIN)[made["truth/telecom"]["reason"].cat.codes]
    for k, arm in enumerate(ARMS[1:], start=1):
        truth = float((planted[:, k] - planted[:, 0]).mean())
        found[f"mobile: {arm}"] = (truth, *lift(lines["returned"], lines["arm"], arm))
    return found


def lift(outcome: pd.Series, arms: pd.Series, arm: str) -> tuple[float, float, float]:
    counts = [int(n) for name in (arm, "none") for n in (outcome[arms == name].sum(), (arms == name).sum())]
    made = decide.ab_test(*counts)
    return float(made["lift"]), float(made["low"]), float(made["high"])


def shrinkage(seeds: int) -> tuple[float, float]:
    """Coverage of shrunken rates of seven groups as large as those of the win-back test, and error against raw."""
    rng = np.random.default_rng(19)
    n = np.array([140, 40, 20, 15, 20, 18, 165])
    held, error, raw = [], 0.0, 0.0
    for spread in np.repeat([10, 30, 100, 1000], max(1, seeds // 4)):
        true = rng.beta(0.15 * spread, 0.85 * spread, len(n))
        made = winback.shrink_rates(pd.Series(rng.binomial(n, true)), pd.Series(n))
        held += ((made["low"] < true) & (true < made["high"])).to_list()
        error, raw = error + ((made["shrunk"] - true) ** 2).sum(), raw + ((made["rate"] - true) ** 2).sum()
    return float(np.mean(held)), float(error / raw)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    seeds = parser.parse_args().seeds
    runs = [one(seed) for seed in range(seeds)]
    lines = ["# Leaving and coming back: do the intervals hold the truth?", "",
             f"{seeds} companies of {PEOPLE:,} people. Coverage: share whose 95 % interval holds the truth; "
             "bias: mean of (estimate − truth) in standard errors. "
             "Made by `benchmarks/leaving_study.py`.", "",
             "| effect | mean truth | mean estimate | coverage | bias in se |", "| --- " * 5 + "|"]
    for name in runs[0]:
        truth, at, low, high = np.array([run[name] for run in runs]).T
        off = at - truth
        z = off.mean() / off.std(ddof=1)
        lines.append(f"| {name} | {truth.mean():.3f} | {at.mean():.3f} | "
                     f"{((low < truth) & (truth < high)).mean():.3f} | {z:+.2f} |")
    cover, ratio = shrinkage(seeds)
    lines += ["", "Shrunken rates (`winback.shrink_rates`), seven groups of 15 to 165, unlike in four degrees",
              f"({cover:.3f} of the intervals hold the true rate; squared error {ratio:.2f} of that of raw rates)."]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(REPORT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
