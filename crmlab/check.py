"""`check.installation()` says whether this computer has everything; `check.quick` whether an answer is right."""

import importlib.util
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["installation", "quick"]

# what the notebooks import
_PACKAGES = ("pandas", "matplotlib", "seaborn", "statsmodels", "scipy", "narwhals", "ipywidgets", "tqdm")


def installation() -> None:
    """Print one line an item: OK, or what to do.

    Examples
    --------
    >>> installation()  # doctest: +ELLIPSIS
    Python ............ OK
    ...
    """
    for name, test in _CHECKS.items():
        cure = test()
        print(f"{name} {'.' * (18 - len(name))} {cure or 'OK'}")


def quick(name: str, value: Any) -> None:
    """Say whether the answer to a chapter's quick check is right, or print a hint; this never raises.

    Parameters: `name` of the quick check, such as "06a-1"; `value` the answer: a number, a text, True or False, a
    list or a table. `...` and `None` are no answer.

    Examples
    --------
    >>> quick("00b-1", ...)
    00b-1: not answered yet. Put your answer in place of ... and run the cell again.
    """
    from crmlab.exercise.quick import reply

    print(reply(name, value))


def _python() -> str:
    version = sys.version_info[:2]
    here = ".".join(map(str, version))
    if version < (3, 11):
        return f"this is Python {here}; install 3.11 or newer, then: python3 run.py lab"
    if version >= (3, 16):
        return f"OK, but {here} is newer than what the workbook was made for; if something fails, install 3.15"
    return ""


def _packages() -> str:
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    return f"missing: {', '.join(missing)}; cure: python3 run.py setup" if missing else ""


def _company() -> str:
    from crmlab import data

    try:
        for name in data.tables().query("here == 'yes'")["table"]:
            data.load(name)
    except data.DataError as error:
        return str(error)
    return ""


def _real_data() -> str:
    from crmlab import data

    try:
        data.real("cdnow_master")
    except data.DataError as error:
        return str(error)
    return ""


def _figures() -> str:
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    ax.plot([0, 1], [0, 1])
    figure.canvas.draw()
    plt.close(figure)
    return ""


_CHECKS: dict[str, Callable[[], str]] = {
    "Python": _python,
    "packages": _packages,
    "company tables": _company,
    "real data": _real_data,
    "figures": _figures,
}
