"""Every planted number is used: changing it changes a table, and every truth table that quotes it."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlab.company import PARAMETERS, TABLES, World, simulate
from crmlab.company.parameters import STORY_OF, described, replace
from crmlab.company.world import STAGES

SEED, PEOPLE = 5, 200


class Notes:
    """The parameters, noting which number is read; the stories are the same within."""

    def __init__(self, target: Any, note: Any) -> None:
        self._target, self._note = target, note

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if name in STORY_OF and self._target is not PARAMETERS:
            self._note(name)
            return value
        return Notes(value, self._note)

    def __repr__(self) -> str:
        for name in vars(self._target):
            self._note(name)
        return repr(self._target)


class Watched(World):
    """A world that notes which numbers and stages each stage and table reads."""

    def __init__(self) -> None:
        super().__init__(SEED, PEOPLE, Notes(PARAMETERS, self._read))  # type: ignore[arg-type]
        self.reads: dict[str, set[str]] = defaultdict(set)
        self.uses: dict[str, set[str]] = defaultdict(set)
        self._asking: list[str] = []

    def _read(self, name: str) -> None:
        self.reads[self._asking[-1]].add(name)

    def __getitem__(self, name: str) -> Any:
        self.uses[self._asking[-1]].add(f"stage {name}")
        self._asking.append(f"stage {name}")
        try:
            return super().__getitem__(name)
        finally:
            self._asking.pop()

    def table(self, name: str) -> pd.DataFrame:
        self._asking.append(f"table {name}")
        try:
            return TABLES[name](self)
        finally:
            self._asking.pop()

    def all_reads(self, name: str) -> set[str]:
        """What a stage or table depends on, directly or through stages."""
        return self.reads[name].union(*(self.all_reads(used) for used in self.uses[name]))


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched()


@pytest.fixture(scope="module")
def usual(watched: Watched) -> dict[str, pd.DataFrame]:
    return {name: watched.table(name) for name in TABLES}


@pytest.fixture(scope="module")
def depends(watched: Watched, usual: dict[str, pd.DataFrame]) -> dict[str, set[str]]:
    return {name: watched.all_reads(name) for name in [*watched.reads, *watched.uses]}


def changes(one: dict[str, Any]) -> Iterator[Any]:
    """Other values within the range: half way to an end, neighbours to different ends; then the ends themselves."""
    low, high = one["minimum"], one["maximum"]
    if low is None:
        yield {key: word[::-1] for key, word in one["value"].items()}
        return
    ends = ((low, high), (high, low))
    for share in (0.5, 1.0):
        for first, second in ends:
            yield moved(one["value"], first, second, share)


def moved(value: Any, to: Any, other: Any, share: float) -> Any:
    """The value with its numbers moved a share of the way to an end of the range, every second one to the other end."""
    if isinstance(value, dict):
        return dict(zip(value, moved(tuple(value.values()), to, other, share), strict=True))
    if isinstance(value, tuple):
        made = []
        for k, item in enumerate(value):
            ends = [end[k] if isinstance(end, tuple) else end for end in (to, other)]
            made.append(moved(item, *(ends if k % 2 == 0 else ends[::-1]), share))
        return tuple(made)
    shifted = value + share * (to - value) if share < 1 else to
    return round(shifted) if isinstance(value, int) and isinstance(to, int) else shifted


@pytest.mark.parametrize("one", described(), ids=lambda one: one["name"])
def test_changing_a_planted_number_changes_tables(
    one: dict[str, Any], watched: Watched, usual: dict[str, pd.DataFrame], depends: dict[str, set[str]]
) -> None:
    """Stages that do not depend on it are taken from the usual world; they are the same there."""
    name = one["name"]
    tables = [table for table in TABLES if name in depends.get(f"table {table}", set())]
    assert tables, f"no table depends on {name}"
    quoting = {table for table in tables if table.startswith("truth/") and name in watched.reads[f"table {table}"]}
    order = sorted(tables, key=lambda table: (name not in watched.reads[f"table {table}"], len(usual[table])))
    left = quoting or {"any"}
    for value in changes(one):
        world = World(SEED, PEOPLE, replace(PARAMETERS, **{name: value}))
        for stage in set(watched._made) - {s for s in STAGES if name in depends.get(f"stage {s}", set())}:
            world._made[stage] = watched._made[stage]
        for table in order:
            if (table in left or not quoting) and not TABLES[table](world).equals(usual[table]):
                left = left - {table, "any"}
                if not left:
                    return
    pytest.fail(
        f"{name} changes nothing" if not quoting else f"{', '.join(left)} quotes {name}, and does not follow it"
    )


def test_nothing_is_read_that_is_not_planted(depends: dict[str, set[str]]) -> None:
    assert set().union(*depends.values()) == set(STORY_OF)


def test_margin_changes_everything_that_depends_on_it() -> None:
    """Costs of goods and what is earned, of products, lines, boxes, letters and offers; nothing else."""
    usual, other = (simulate(5, 1_500, parameters=p) for p in (PARAMETERS, replace(PARAMETERS, margin=0.20)))
    changed = {
        f"{name}.{column}"
        for name, frame in usual.items()
        for column in frame
        if not frame[column].equals(other[name][column])
    }
    assert changed == {
        "products.cost_per_100g", "order_lines.cost", "plans.cost", "lost_customers.margin",
        "lost_customers.first_life_value", "campaign_test.profit", "campaign_contacts.profit", "offer_test.profit",
    }  # fmt: skip
    lines = other["order_lines"]
    assert 1 - lines["cost"].sum() / lines["amount"].sum() == pytest.approx(0.20, abs=0.01)
    np.testing.assert_allclose(1 - other["plans"]["cost"] / [88, 88, 128, 128, 198, 198], 0.20, atol=1e-4)
