"""Every public function, called with every kind of bad input: no silent number, no new gap, no foreign traceback.

The kinds come from public bug reports of similar packages. A spoilt call may give the right answer (the same as
without the spoiling), or a refusal in crmlab's own words; where a kind is harmless the answer must be whole.
"""

import traceback
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pytest
from contract_calls import CALLS, ROOMS, WITHOUT_INPUT, Call

import crmlab

HOME = crmlab.__path__[0]
OWN = (ValueError, TypeError, KeyError, RuntimeError)
FOREIGN = ("not supported between", "has no attribute", "truth value of", "can only concatenate", "invalid literal",
           "cannot convert float", "unsupported operand", "can't multiply", "too many values", "only 0-dimensional")

REFUSE, SAME, WHOLE = "must be refused", "must be the same or refused", "must be whole or refused"


def is_number(s: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(s) and not pd.api.types.is_bool_dtype(s)


def is_flag(s: pd.Series) -> bool:
    return pd.api.types.is_bool_dtype(s)


def is_day(s: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(s)


def is_id(s: pd.Series) -> bool:
    return not (is_number(s) or is_flag(s) or is_day(s))


def with_first(s: pd.Series, value: Any) -> pd.Series:
    made = s.astype(object)
    made.iloc[0] = value
    return made


def with_gap(s: pd.Series) -> pd.Series:
    if is_flag(s):
        return with_first(s, np.nan)
    return s.astype(float).mask(np.arange(len(s)) == 0) if is_number(s) else s.mask(np.arange(len(s)) == 0)


def arrow(s: pd.Series) -> pd.Series:
    return s.convert_dtypes(dtype_backend="pyarrow")


def unused_level(s: pd.Series) -> pd.Series:
    return s.astype(pd.CategoricalDtype([*pd.unique(s), "no row has this"]))


# name: (which columns, how it is spoilt, what may come of it)
COLUMN: dict[str, tuple[Callable[[pd.Series], bool], Callable[[pd.Series], pd.Series], str]] = {
    "missing": (lambda s: True, with_gap, REFUSE),
    "infinite": (is_number, lambda s: s.astype(float).mask(np.arange(len(s)) == 0, np.inf), REFUSE),
    "times": (is_number, lambda s: pd.to_timedelta(s, unit="D"), REFUSE),
    "time stamps": (is_number, lambda s: pd.Timestamp("2024-01-01") + pd.to_timedelta(s, unit="D"), REFUSE),
    "numbers as text": (is_number, lambda s: s.astype("str"), REFUSE),
    "complex": (is_number, lambda s: s.astype(complex), REFUSE),
    "flags as text": (is_flag, lambda s: s.map({True: "1", False: "0"}), REFUSE),
    "flags as words": (is_flag, lambda s: s.map({True: "yes", False: "no"}), REFUSE),
    "flags of 1 and 2": (is_flag, lambda s: s.map({True: 1, False: 2}), REFUSE),
    "flags of 1 and 0": (is_flag, lambda s: s.astype(int), SAME),
    "nullable": (lambda s: not is_day(s), lambda s: s.convert_dtypes(), SAME),
    "nullable gap": (lambda s: not is_day(s), lambda s: s.convert_dtypes().mask(np.arange(len(s)) == 0), REFUSE),
    "pyarrow": (lambda s: find_spec("pyarrow") is not None, arrow, SAME),
    "object": (lambda s: True, lambda s: s.astype(object), SAME),
    "unused level": (is_id, unused_level, SAME),
    "blank": (is_id, lambda s: with_first(s, " ").astype("str"), REFUSE),
    "mixed": (is_id, lambda s: with_first(s, 7), REFUSE),
    "hours": (is_day, lambda s: s + pd.Timedelta("15h"), SAME),
    "time zone": (is_day, lambda s: s.dt.tz_localize("Asia/Shanghai"), REFUSE),
    "days as text": (is_day, lambda s: s.dt.strftime("%Y/%m/%d"), REFUSE),
    "days as numbers": (is_day, lambda s: s.dt.strftime("%Y%m%d").astype(float), REFUSE),
    "all equal": (is_number, lambda s: s * 0 + s.iloc[0], WHOLE),
}
ROWS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "empty": (lambda x: x.iloc[:0], WHOLE),
    "one row": (lambda x: x.iloc[:1], WHOLE),
    "reversed": (lambda x: x.iloc[::-1], SAME),
    "other labels": (lambda x: x.set_axis([f"other {k}" for k in range(len(x))]), WHOLE),
}
DAYS = ("05/06/2024", "2024-05", "2024", "2024-02-30", "", float("nan"), pd.NaT, 20240630, "2024-06-30 12:00")
SETTINGS: dict[str, tuple[Any, str]] = {
    "nan": (float("nan"), REFUSE),
    "infinite": (float("inf"), REFUSE),
    "text": ("1", REFUSE),
    "true": (True, REFUSE),
    "a time": (pd.Timedelta("1D"), REFUSE),
    "a numpy time": (np.timedelta64(1, "D"), REFUSE),
    "two of them": ([1, 2], REFUSE),
    "too large for a float": (10**400, REFUSE),
    "negative": (-1, WHOLE),
    "huge": (10**12, WHOLE),
    "a fraction": (1.5, WHOLE),
    "a numpy number": (np.float64(0.5), WHOLE),
}
COLUMN_OR_SETTING = {"t", "aht", "agents"}  # one number, or one a row: a list of two is another valid call


def spoilt(call: Call) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """(argument, kind, arguments with one of them spoilt, what may come of it) for every kind that applies."""
    labelled = [name for name, v in call.arguments.items() if isinstance(v, pd.Series | pd.DataFrame)]
    for name, given in call.arguments.items():
        for kind, changed, wanted in _of_one(name, given, labelled):
            yield name, kind, {**call.arguments, name: changed}, wanted


def _of_one(name: str, given: Any, labelled: list[str]) -> Iterator[tuple[str, Any, str]]:
    if isinstance(given, pd.Series):
        for kind, (fits, spoil, wanted) in COLUMN.items():
            if fits(given):
                yield kind, spoil(given), wanted
        yield "a table", given.to_frame(), REFUSE if name != "customer" else WHOLE
    elif isinstance(given, pd.DataFrame):
        for column in given:
            for kind, (fits, spoil, wanted) in COLUMN.items():
                if fits(given[column]):
                    yield f"{kind}: {column}", given.assign(**{str(column): spoil(given[column])}), wanted
        yield "not a table", given.to_dict("list"), REFUSE
        yield "a column twice", pd.concat([given, given.iloc[:, :1]], axis=1), REFUSE
    elif isinstance(given, str) and given[:2] == "20":
        for day in DAYS:
            yield f"day {day!r}", day, REFUSE
    elif isinstance(given, str):
        for word in (given.title() if given != given.title() else given.upper(), given + "s", ""):
            yield f"word {word!r}", word, REFUSE
    elif isinstance(given, bool):
        return
    elif isinstance(given, int | float):
        for kind, (value, wanted) in SETTINGS.items():
            if not (kind == "two of them" and name in COLUMN_OR_SETTING):
                yield kind, value, wanted
        if name == "level":
            for value in (95, 0, 1, -0.1, 1.5):
                yield f"level {value}", value, REFUSE
    if name in labelled:
        for kind, (change, wanted) in ROWS.items():
            yield kind, change(given), wanted


def outcome(function: Callable[..., Any], arguments: dict[str, Any]) -> tuple[str, Any]:
    """("value", what came) or ("refused", words) or ("foreign", traceback)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "value", function(**arguments)
        except Exception as error:
            frames = [f.filename for f in traceback.extract_tb(error.__traceback__)]
            own = frames[-1].startswith(HOME) and isinstance(error, OWN)
            words = f"{type(error).__name__}: {error}"
            if own and not any(word in words for word in FOREIGN):
                return "refused", words
            return "foreign", f"{words} in {frames[-1]}"


def plain(value: Any) -> Any:
    """A result as something that can be compared, whatever order its rows have."""
    if isinstance(value, pd.DataFrame):
        return plain(pd.Series({f"{i} {c}": value[c].iloc[k] for k, i in enumerate(value.index) for c in value}))
    if isinstance(value, pd.Series):
        return sorted(((str(k), plain(v)) for k, v in value.items()), key=lambda pair: (pair[0], str(pair[1])))
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.ravel().tolist()]
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return sorted((str(k), plain(v)) for k, v in value.items())
    if isinstance(value, float | np.floating) and np.isfinite(value):
        return round(float(value), 8)
    if isinstance(value, int | np.integer | np.bool_ | bool):
        return round(float(value), 8)
    return "missing" if pd.api.types.is_scalar(value) and pd.isna(value) else str(value)


def gaps(value: Any) -> int:
    return str(plain(value)).count("missing") + str(plain(value)).count("'inf'") + str(plain(value)).count("'-inf'")


def judge(call: Call, name: str, kind: str, arguments: dict[str, Any], wanted: str, right: Any) -> str:
    """What is wrong with the outcome of a spoilt call, or ""."""
    if (name, kind.split(":")[0]) in call.taken:
        wanted = WHOLE
    how, got = outcome(call.function, arguments)
    if how == "refused":
        return ""
    if how == "foreign":
        return f"{name}, {kind}: {got}"
    if wanted == REFUSE:
        return f"{name}, {kind}: a silent {plain(got)}"[:300]
    if wanted == SAME and plain(got) != plain(right):
        return f"{name}, {kind}: {plain(got)} instead of {plain(right)}"[:400]
    excused = {(name, "result"), (name, kind.split(":")[0])} & set(call.taken)
    new_gaps = gaps(got) > gaps(right) and not excused
    return f"{name}, {kind}: new gaps in {plain(got)}"[:300] if new_gaps else ""


@pytest.mark.parametrize("name", CALLS)
def test_spoilt_calls_are_refused_or_right(name: str) -> None:
    call = CALLS[name]
    how, right = outcome(call.function, call.arguments)
    assert how == "value", right
    wrong = [said for part in spoilt(call) if (said := judge(call, *part, right))]
    assert not wrong, "\n" + "\n".join(wrong)


def test_every_public_function_has_its_valid_call() -> None:
    known = {name for name in CALLS} | WITHOUT_INPUT
    for name, call in CALLS.items():
        room = name.rsplit(".", 1)[0]
        known |= {f"{room}.{other}" for other in call.covers}
    public = {f"{room}.{name}" for room, module in ROOMS.items() for name in module.__all__
              if callable(getattr(module, name))}  # fmt: skip
    assert public - known == set()


def test_what_is_taken_on_purpose_is_still_taken() -> None:
    """A reason that no longer holds is taken off the list."""
    for name, call in CALLS.items():
        for argument, kind in call.taken:
            assert argument in call.arguments, f"{name}: {argument}"
            if kind != "result":
                made = [p for p in spoilt(call) if p[0] == argument and p[1].split(":")[0] == kind]
                assert any(outcome(call.function, p[2])[0] == "value" for p in made), f"{name}: {argument}, {kind}"
