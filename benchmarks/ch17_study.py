"""Do the intervals of chapter 17 hold what is planted? 200 small companies; writes ch17_study.md beside it.

    python benchmarks/ch17_study.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from test_company_loyalty import elasticity, programme_effect  # noqa: E402

SEEDS = range(5000, 5200)


def main() -> None:
    effect = np.array([programme_effect(seed) for seed in SEEDS])
    price = np.array([elasticity(seed, 1200) for seed in SEEDS])
    truth = np.log(1.04)
    rows = [
        ("programme, log ratio of spending, 2 000 people", truth, effect[:, 0] - truth, effect[:, 1]),
        ("price elasticity, 1 200 people", price[:, 2].mean(), price[:, 0] - price[:, 2], price[:, 1]),
    ]
    lines = [
        "# Chapter 17 over 200 seeds",
        "",
        "Written by `benchmarks/ch17_study.py`. Coverage is the share of seeds whose 95 % interval holds the truth.",
        "",
        "| effect | truth | mean error | mean standard error | coverage |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, value, error, se in rows:
        held = (np.abs(error) <= 1.96 * se).mean()
        lines.append(f"| {name} | {value:.3f} | {error.mean():+.3f} | {se.mean():.3f} | {held:.3f} |")
    seen = (np.abs(effect[:, 0]) > 1.96 * effect[:, 1]).mean()
    lines += ["", f"The programme's effect is significant at 5 % in {seen:.1%} of the seeds.", ""]
    (ROOT / "benchmarks" / "ch17_study.md").write_text("\n".join(lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
