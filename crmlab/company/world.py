"""A world: one seed, one size, and stages that are made when somebody asks for them.

A stage is a function of the world, registered under a name; it asks the world for the stages it
needs. Each is made once. What is never asked for is never made::

    @stage("orders")
    def orders(world): ...world["people"]...
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crmlab.company import chance
from crmlab.company.parameters import PARAMETERS, Parameters

STAGES: dict[str, Callable[["World"], Any]] = {}


def stage(name: str) -> Callable[[Callable[["World"], Any]], Callable[["World"], Any]]:
    """Register a function of the world as the stage `name`."""

    def register(function: Callable[["World"], Any]) -> Callable[["World"], Any]:
        if name in STAGES:
            raise ValueError(f"two stages are called {name!r}")
        STAGES[name] = function
        return function

    return register


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
        return chance.uniform(self.seed, name, ids)

    def normal(self, name: str, ids: ArrayLike) -> chance.Floats:
        """Standard normal numbers of the draw `name`, one for each id."""
        return chance.normal(self.seed, name, ids)

    def exponential(self, name: str, ids: ArrayLike) -> chance.Floats:
        """Exponential numbers of the draw `name`, one for each id."""
        return chance.exponential(self.seed, name, ids)

    def choice(self, name: str, ids: ArrayLike, probabilities: ArrayLike) -> NDArray[np.int64]:
        """Index chosen in the draw `name`, one for each id."""
        return chance.choice(self.seed, name, ids, probabilities)
