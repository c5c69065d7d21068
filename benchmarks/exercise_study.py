"""Every exercise on many students: is each answer finite and her own, does each hint stay a wrong answer?

    python benchmarks/exercise_study.py [--students 200]

The tests do the same for 10 students. The report is benchmarks/exercise_study.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crmlab.exercise import judging
from crmlab.exercise.own import company_seed, data_version
from crmlab.grading import solutions
from crmlab.grading.runner import Runner

REPORT = Path(__file__).with_name("exercise_study.md")


def study(solution: solutions.Solution, students: int) -> list[str]:
    """Return the lines of the report on one exercise."""
    with Runner(trusted=True, modules=solution.modules) as runner:
        tables = solutions.solve(solution, runner, 1).tables
        begun = time.perf_counter()
        outcomes = [solutions.solve(solution, runner, company_seed("study", str(20260000 + i), solution.name), tables)
                    for i in range(students)]
        seconds = time.perf_counter() - begun
    lines = [f"## {solution.name}", "", f"{students} students, {seconds / students:.2f} s each. The solution ran for "
             "all of them, with finite answers of the right form.", "",
             "| question | pairs with equal answers | hints that are right | hints that coincide |", "| --- " * 4 + "|"]
    for name, asked in outcomes[0].questions.items():
        if asked["kind"] == "text":
            continue
        given = [outcome.answers[name] for outcome in outcomes]
        equal = sum(judging.same(given[i], given[j], asked) for i in range(students) for j in range(i))
        right = same = hints = 0
        for outcome in outcomes:
            wrong = list(outcome.questions[name]["wrong"].values())
            hints += len(wrong)
            right += sum(judging.same(value, outcome.answers[name], asked) for value in wrong)
            same += sum(judging.same(wrong[i], wrong[j], asked) for i in range(len(wrong)) for j in range(i))
        lines.append(f"| {name} | {equal} of {students * (students - 1) // 2} | {right} of {hints} | {same} |")
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=200)
    options = parser.parse_args()
    lines = ["# Exercises on many students", "", f"Data version {data_version()}. Made by "
             "`benchmarks/exercise_study.py`.", ""]
    for solution in solutions.solutions():
        lines += study(solution, options.students)
    REPORT.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print(REPORT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
