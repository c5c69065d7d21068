"""How a planted number is written down: its value, a sentence, its unit, and the range it must stay in."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

T = TypeVar("T")
Bound = float | tuple[float, ...] | None


def planted(value: T, sentence: str, unit: str = "", low: Bound = None, high: Bound = None) -> T:
    """A field of a story.

    `low` and `high` hold for every number in the value, whatever its shape; for a tuple of unlike numbers they are
    tuples too. A value of words (the Kano categories) has no range.
    """
    described = {"description": sentence, "unit": unit, "minimum": low, "maximum": high}
    made: Any
    if isinstance(value, dict):
        made = field(default_factory=value.copy, metadata=described)
    else:
        made = field(default=value, metadata=described)
    return made


@dataclass(frozen=True)
class Story:
    """A group of planted numbers; making one with a number out of its range is refused."""

    def __post_init__(self) -> None:
        for one in fields(self):
            for number, low, high in ranged(getattr(self, one.name), one.metadata["minimum"], one.metadata["maximum"]):
                if not low <= number <= high:
                    unit = f" {one.metadata['unit']}" if one.metadata["unit"] else ""
                    raise ValueError(
                        f"{one.name} must lie between {low} and {high}{unit}, and {number!r} does not: "
                        f"{one.metadata['description']}"
                    )


def ranged(value: Any, low: Any, high: Any) -> Iterator[tuple[float, float, float]]:
    """Every number in a value (a number, or tuples and dictionaries of them) with the ends of its range."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for k, item in enumerate(value):
            yield from ranged(
                item, low[k] if isinstance(low, tuple) else low, high[k] if isinstance(high, tuple) else high
            )
    elif not isinstance(value, str):
        yield value, low, high
