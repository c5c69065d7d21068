"""How a planted number is written down: its value, a sentence, its unit, and the range it must stay in."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

T = TypeVar("T")


def planted(value: T, sentence: str, unit: str = "", low: float | None = None, high: float | None = None) -> T:
    """A field of a story. `low` and `high` hold for every number in the value, whatever its shape.

    A value of words (the Kano categories) has no range.
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
            low, high = one.metadata["minimum"], one.metadata["maximum"]
            for number in numbers(getattr(self, one.name)):
                if low is not None and not low <= number <= high:
                    unit = f" {one.metadata['unit']}" if one.metadata["unit"] else ""
                    raise ValueError(
                        f"{one.name} must lie between {low} and {high}{unit}, and {number!r} does not: "
                        f"{one.metadata['description']}"
                    )


def numbers(value: Any) -> Iterator[float]:
    """Every number in a value: a number, or tuples and dictionaries of them."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for item in value:
            yield from numbers(item)
    elif not isinstance(value, str):
        yield value
