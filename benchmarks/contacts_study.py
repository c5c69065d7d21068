"""Do the intervals of the contact tests hold the truth? 200 companies: `python benchmarks/contacts_study.py`.

Writes `contacts_study.md` beside it. The short form is in `tests/test_company_contacts.py`.
"""

import sys
import time
from pathlib import Path

import pandas as pd
from tqdm import tqdm

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from contact_measures import measure  # noqa: E402

SEEDS, PEOPLE = 200, 6_000


def main() -> None:
    started = time.perf_counter()
    rows = pd.concat([measure(seed, PEOPLE).assign(seed=seed) for seed in tqdm(range(SEEDS))])
    rows["held"] = (rows["low"] <= rows["truth"]) & (rows["truth"] <= rows["high"])
    rows["error"] = rows["estimate"] - rows["truth"]
    by = rows.groupby(rows.index, sort=False)
    table = pd.DataFrame(
        {"truth": by["truth"].mean(), "bias": by["error"].mean(), "sd": by["error"].std(), "cover": by["held"].mean()}
    )
    lines = [
        "# The tests of messages, channels, rewards and frequency over 200 companies",
        "",
        f"Seeds 0–{SEEDS - 1}, {PEOPLE:,} people each; made by `python benchmarks/contacts_study.py` in "
        f"{time.perf_counter() - started:.0f} s. cover: share of companies whose 95 % interval holds the truth; "
        "it should lie in .91–.99.",
        "",
        "| effect | truth, mean | bias | sd of the estimate | cover |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {n} | {r.truth:.4f} | {r.bias:+.4f} | {r.sd:.4f} | {r.cover:.3f} |" for n, r in table.iterrows()]
    (Path(__file__).with_suffix(".md")).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    print(table.round(4).to_string())


if __name__ == "__main__":
    main()
