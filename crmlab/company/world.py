"""A world: one seed, one size, and stages that are made when somebody asks for them.

A stage is a function of the world, registered under a name; it asks the world for the stages it
needs. Each is made once. What is never asked for is never made::

    @stage("orders")
    def orders(world): ...world["people"]...

A draw belongs to the one line of the company's code that draws it: the same name on a second line would give the
same numbers again without anybody noticing, and is refused unless it is in `TIES`.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crmlab.company import chance
from crmlab.company.parameters import PARAMETERS, Parameters

STAGES: dict[str, Callable[["World"], Any]] = {}
DRAWS: dict[str, set[str]] = {}  # where in the company each draw was made, as module:line
# Draws made in two places on purpose: both are to get the same numbers.
TIES = {
    "consent": "a record shows, mostly rightly, whether she agreed to messages",
    "record new phone": "the verified sample says whether a telephone had changed when the record was written",
    "record new mail": "the same of the e-mail address",
    "complaint cause": "a delivery fails in the way its complaint tells",
}
_COMPANY = __name__.removesuffix("world")


def stage(name: str) -> Callable[[Callable[["World"], Any]], Callable[["World"], Any]]:
    """Register a function of the world as the stage `name`."""

    def register(function: Callable[["World"], Any]) -> Callable[["World"], Any]:
        if name in STAGES:
            raise ValueError(f"two stages are called {name!r}, in {STAGES[name].__module__} and {function.__module__}")
        STAGES[name] = function
        return function

    return register


def _drawn(name: str) -> None:
    """Note the line that draws `name`; refuse a second one."""
    caller = sys._getframe(2)
    module = caller.f_globals.get("__name__", "")
    if not module.startswith(_COMPANY):
        return
    place = f"{module.removeprefix(_COMPANY)}:{caller.f_lineno}"
    places = DRAWS.setdefault(name, set())
    if places and place not in places and name not in TIES:
        raise ValueError(
            f"the draw {name!r} of {place} is drawn in {', '.join(sorted(places))} already: give it a name of its own, "
            "or, if both are to draw the same numbers, put it into TIES in crmlab/company/world.py and say why"
        )
    places.add(place)


class World:
    """One simulated company: `world["orders"]` makes the stage `orders`, and keeps it."""

    def __init__(self, seed: int, people: int, parameters: Parameters = PARAMETERS) -> None:
        self.seed = seed
        self.people = people
        self.parameters = parameters
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = STAGES[name](self)
        return self._made[name]

    def uniform(self, name: str, ids: ArrayLike) -> chance.Floats:
        """Uniform numbers of the draw `name`, one for each id."""
        _drawn(name)
        return chance.uniform(self.seed, name, ids)

    def normal(self, name: str, ids: ArrayLike) -> chance.Floats:
        """Standard normal numbers of the draw `name`, one for each id."""
        _drawn(name)
        return chance.normal(self.seed, name, ids)

    def exponential(self, name: str, ids: ArrayLike) -> chance.Floats:
        """Exponential numbers of the draw `name`, one for each id."""
        _drawn(name)
        return chance.exponential(self.seed, name, ids)

    def choice(self, name: str, ids: ArrayLike, probabilities: ArrayLike) -> NDArray[np.int64]:
        """Index chosen in the draw `name`, one for each id."""
        _drawn(name)
        return chance.choice(self.seed, name, ids, probabilities)
