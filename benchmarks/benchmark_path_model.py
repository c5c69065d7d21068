"""Time the path model on the mobile-phone survey, beside the Python package seminr, and compare estimates.

    python benchmarks/benchmark_path_model.py [--draws 5000] [--peer-draws 250] [--peer PYTHON] [--busy 4]

Path scheme, mode A, standardised items, 7 latent variables, 24 items, 250 respondents; medians of CPU seconds
in one process each: crmlab with its checks of input and threads as the machine has them, seminr on one core,
where it is fastest. `--busy` keeps so many other processes at work, and adds its lines to the report.
seminr gets `--peer-draws` draws on one core; its time for `--draws` is scaled up, which favours neither, since
its draws cost the same each. `--peer` is a Python with `pip install seminr==0.2.1` (default: this one); without it our
times stand alone. Writes benchmarks/path_model.md. Needs the survey (`python3 run.py setup`).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from load import busy

LETTERS = {"image": ("IMAG", 5), "expectation": ("CUEX", 3), "quality": ("PERQ", 7), "value": ("PERV", 2),
           "satisfaction": ("CUSA", 3), "complaints": ("CUSCO", 0), "loyalty": ("CUSL", 3)}  # fmt: skip
BLOCKS = {name: [f"{code}{k}" for k in range(1, size + 1)] or [code] for name, (code, size) in LETTERS.items()}
PATHS = {
    "expectation": ["image"],
    "quality": ["expectation"],
    "value": ["expectation", "quality"],
    "satisfaction": ["image", "expectation", "quality", "value"],
    "complaints": ["satisfaction"],
    "loyalty": ["image", "satisfaction", "complaints"],
}


def seconds(action: Any, rounds: int) -> float:
    action()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return statistics.median(times)


def ours(draws: int) -> dict[str, Any]:
    from crmlab import data
    from crmlab.satisfaction import PathModel

    mobi = data.real("mobi")

    def fit() -> Any:
        return PathModel(mobi, BLOCKS, PATHS, scheme="path").fit()

    found = fit()
    spread = found.bootstrap(draws).params.std()
    return {"fit": seconds(fit, 50), "boot": seconds(lambda: found.bootstrap(draws), 3), "draws": draws,
            "paths": found.params.to_dict(), "se": spread.to_dict()}  # fmt: skip


def peer(draws: int) -> dict[str, Any]:
    import numpy as np
    from seminr import (
        bootstrap_model,
        composite,
        constructs,
        estimate_pls,
        path_weighting,
        paths,
        relationships,
    )
    from seminr.datasets import load_mobi

    measured = constructs(*(composite(name, items) for name, items in BLOCKS.items()))
    arrows = relationships(*(paths(causes, effect) for effect, causes in PATHS.items()))
    mobi = load_mobi()

    def fit() -> Any:
        return estimate_pls(mobi, measured, arrows, inner_weights=path_weighting)

    model = fit()
    matrix = model.path_coef
    names = list(BLOCKS)
    table = np.asarray(getattr(matrix, "values", matrix), dtype=float)
    rows = list(getattr(matrix, "row_names", None) or getattr(matrix, "index", None) or names)
    columns = list(getattr(matrix, "col_names", None) or getattr(matrix, "columns", None) or names)
    coefficients = {f"{c} -> {e}": float(table[rows.index(c), columns.index(e)]) for e, cs in PATHS.items() for c in cs}
    boot = seconds(lambda: bootstrap_model(model, draws, seed=1, cores=1), 1)
    return {"fit": seconds(fit, 15), "boot": boot, "draws": draws, "paths": coefficients}


def child(python: str, *arguments: str) -> dict[str, Any] | None:
    one_core = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")} if "seminr" in arguments else {}
    command = [python, __file__, *arguments]
    said = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **one_core})
    lines = [line for line in said.stdout.splitlines() if line.startswith("{")]
    if not lines:
        print(said.stderr[-1500:], file=sys.stderr)
        return None
    return dict(json.loads(lines[-1]))


HEAD = """# Path model: one fit, and the bootstrap

Written by `benchmark_path_model.py`. Mobile-phone survey (250 respondents, 24 items, 7 latent variables, 12 paths),
mode A, path scheme, standardised items; CPU seconds of one process each.

| tool | one fit, ms | {draws:,} draws, s | fit, ratio | bootstrap, ratio |
|---|---|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=5000)
    parser.add_argument("--peer-draws", type=int, default=250)
    parser.add_argument("--peer", default=sys.executable)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--worker", choices=["crmlab", "seminr"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(ours(options.draws) if options.worker == "crmlab" else peer(options.peer_draws)))
        return
    with busy(options.busy):
        mine = child(sys.executable, "--worker", "crmlab", "--draws", str(options.draws))
        if mine is None:
            raise SystemExit("crmlab did not run: is the survey here? python3 run.py setup")
        theirs = child(options.peer, "--worker", "seminr", "--peer-draws", str(options.peer_draws))
    text = HEAD.format(draws=options.draws)
    text += f"| crmlab, checks of input included | {1e3 * mine['fit']:.1f} | {mine['boot']:.2f} | 1 | 1 |\n"
    if theirs is None:
        text += "\nseminr was not installed: our times alone.\n"
    else:
        boot = theirs["boot"] * options.draws / theirs["draws"]
        text += (f"| seminr 0.2.1 | {1e3 * theirs['fit']:.1f} | {boot:.0f} | {theirs['fit'] / mine['fit']:.1f} × | "
                 f"{boot / mine['boot']:.0f} × |\n")  # fmt: skip
        apart = max(abs(mine["paths"][name] - value) for name, value in theirs["paths"].items())
        scaled = "" if theirs["draws"] == options.draws else ", scaled up"
        text += (
            f"\nThe 12 paths differ by at most {apart:.1g}. seminr's bootstrap ran {theirs['draws']:,} draws "
            f"({theirs['boot']:.1f} s{scaled}); it also\nkeeps heterotrait ratios and loadings of each draw, "
            "which ours leaves out.\n"
        )
    text += (f"\nPython {platform.python_version()}, numpy {version('numpy')}, pandas {version('pandas')}; 2 shared "
             f"virtual cores, {options.busy} other processes at work.\n")  # fmt: skip
    report = Path(__file__).with_name("path_model.md")
    if options.busy:
        quiet = report.read_text(encoding="utf-8").split("\n## Beside")[0].rstrip()
        text = f"{quiet}\n\n## Beside {options.busy} busy processes\n\n" + text.split("\n\n", 2)[2]
    report.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
