"""Do the intervals of chapter 16 hold the truth? Writes quality_study.md: `python benchmarks/quality_study.py`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from quality_measures import coverage  # noqa: E402

SEEDS, PEOPLE = range(200), 2_500


def main() -> None:
    table = coverage(SEEDS, PEOPLE)
    lines = [
        "# Service quality over 200 seeds",
        "",
        f"Written by `benchmarks/quality_study.py`: seeds 0–{SEEDS[-1]}, {PEOPLE} people each. Share of 95 % intervals",
        "that hold the planted effect; with a true coverage of .95, .91 to .99 is what chance allows.",
        "",
        "| effect | truth (mean) | estimate (mean) | coverage |",
        "| --- | --- | --- | --- |",
        *(f"| {name} | {row.truth:.3f} | {row.estimate:.3f} | {row.coverage:.3f} |" for name, row in table.iterrows()),
        "",
        f"All together: {table['coverage'].mean():.3f}.",
        "",
    ]
    (HERE / "quality_study.md").write_text("\n".join(lines), encoding="utf-8", newline="\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
