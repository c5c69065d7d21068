"""Run studies and write the report: `python -m studies [names …] [--companies 200] [--processes 2]`.

What was found is kept in `studies/results.json`, so that one study can be run again without the others.
"""

import argparse
import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from studies import coverage
from studies.coverage import Study

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # the processes already share the machine

HERE = Path(__file__).parent
RESULTS, REPORT = HERE / "results.json", HERE / "README.md"
VERSION = HERE.parent / "datasets" / "lantern_leaf" / "VERSION"
INTRODUCTION = """# Is what was planted there?

Written by `python -m studies`. Each study makes many companies, estimates what its chapter estimates, and asks in how
many of them the 95 % interval holds the truth. With a true coverage of .95 and 200 companies, a share between .91 and
.99 is what chance allows (with 60, .87 to 1). Truth and estimate are means over the companies; the bias is in
standard errors. `tests/test_studies.py` runs a fixed small part of the same declarations.
"""


def result(name: str, study: Study, companies: int, processes: int) -> dict[str, Any]:
    """Everything the report says of one study."""
    frame = coverage.run(name, range(companies), processes=processes)
    own = coverage.shipped(study)
    held = own[own["truth"].isna() | ((own["low"] <= own["truth"]) & (own["truth"] <= own["high"]))]
    spread = coverage.distribution(frame)
    spread.insert(0, "shipped seed", own.set_index("effect")["estimate"])
    found = pd.DataFrame({"share of companies": coverage.signs(study, frame)})
    found["shipped seed"] = ["yes" if share == 1 else "no" for share in coverage.signs(study, own)]
    return {
        "companies": companies,
        "people": study.people,
        "version": VERSION.read_text(encoding="utf-8").strip(),
        "date": dt.date.today().isoformat(),
        "coverage": _table(coverage.coverage(frame).round(4)),
        "signs": _table(found.round(3)),
        "distribution": _table(spread.round(4)) if study.signs else [],
        "missed": sorted(set(own["effect"]) - set(held["effect"])),
    }


def _table(frame: pd.DataFrame) -> list[list[str]]:
    head = ["", *map(str, frame.columns)]
    return [head, *([str(name), *map(str, row)] for name, row in zip(frame.index, frame.to_numpy(), strict=True))]


def markdown(table: list[list[str]]) -> list[str]:
    """A table as Markdown."""
    head, *body = table
    return ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *body]]


def report(results: dict[str, dict[str, Any]]) -> str:
    lines = [INTRODUCTION]
    for name, study in coverage.studies().items():
        if name not in results:
            continue
        found = results[name]
        lines += [f"## {study.title}", ""]
        lines += [
            f"`{name}`: seeds 0–{found['companies'] - 1}, {found['people']:,} people each; data version "
            f"{found['version']}, run on {found['date']}." + (f" {study.note}" if study.note else ""),
            "",
        ]
        lines += [*markdown(found["coverage"]), ""]
        missed = ", ".join(found["missed"]) or "none"
        lines += [f"In the shipped company the intervals that miss the truth: {missed}.", ""]
        if len(found["signs"]) > 1:
            lines += ["How often it comes out as planted:", "", *markdown(found["signs"]), ""]
        if found["distribution"]:
            lines += ["Everything measured:", "", *markdown(found["distribution"]), ""]
    return "\n".join(lines)


def main() -> None:
    declared = coverage.studies()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names", nargs="*", choices=[*declared, []], help="studies to run; all if none is named"
    )
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for name in asked.names or declared:
        results[name] = result(name, declared[name], asked.companies, asked.processes)
        RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
        REPORT.write_text(report(results), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
