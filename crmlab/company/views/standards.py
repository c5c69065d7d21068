"""Between belief and promise: what managers believe, the standards set, the audits, and what is advertised."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmlab.company import firm
from crmlab.company.tables import dates, labels, store_ids, table
from crmlab.company.views.servqual import PLACES, UNITS, as_answer, level_of
from crmlab.company.world import World


def unit_ids(place: int) -> NDArray[np.object_]:
    """Stores are S01 … S18, teams of the call centre T1 … T6."""
    if place == 0:
        return store_ids(np.arange(UNITS[0]))
    return np.array([f"T{k + 1}" for k in range(UNITS[1])], dtype=object)


@table(
    "manager_survey",
    grain="a manager and item",
    chapter="16",
    scale="firm",
    columns="""
    manager_id* string: head of a store or of a team of the call centre
    place! string: store or call centre
    item* integer -> servqual_items.item: item, 1–22; all worded positively
    believed_expectation! integer [points, 1–7]: what the manager believes customers expect
    """,
)
def manager_survey(world: World) -> pd.DataFrame:
    """What the head of each store and team believes customers expect; all items worded positively."""
    truth = world["service_gaps"]
    per_person, per_item = world.parameters.quality.manager_spread
    spread = float(np.hypot(per_person, per_item))
    parts = []
    for place, n in enumerate(UNITS):
        here = truth[truth["place"] == place]
        manager = place * 100 + np.repeat(np.arange(n), 22)
        level = np.tile(level_of(here["believed"], spread), n)
        own = world.normal("manager", place * 100 + np.arange(n))
        opinion = level + per_person * np.repeat(own - own.mean(), 22)  # all managers answer: no sample of them
        opinion = opinion + per_item * world.normal("manager item", manager * 22 + np.tile(np.arange(22), n))
        parts.append(
            pd.DataFrame(
                {
                    "manager_id": np.repeat(np.array([f"M-{u}" for u in unit_ids(place)], dtype=object), 22),
                    "place": PLACES[place],
                    "item": np.tile(np.arange(1, 23), n),
                    "believed_expectation": as_answer(opinion),
                }
            )
        )
    return _placed(pd.concat(parts, ignore_index=True))


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(place=pd.Categorical(frame["place"], list(PLACES)))


def _standard_ids(place: ArrayLike, item: ArrayLike) -> NDArray[np.object_]:
    pairs = zip(np.asarray(place), np.asarray(item), strict=True)
    return np.array([f"{('ST', 'CC')[at]}{i:02d}" for at, i in pairs], dtype=object)


@table(
    "service_standards",
    grain="a standard",
    chapter="16",
    scale="firm",
    columns="""
    standard_id* string: standard
    place! string: store or call centre
    item! integer -> servqual_items.item: item it serves
    level! number [points, 1–7]: level set
    """,
)
def service_standards(world: World) -> pd.DataFrame:
    frame = world["service_gaps"]
    return pd.DataFrame(
        {
            "standard_id": _standard_ids(frame["place"], frame["item"]),
            "place": labels(frame["place"], PLACES),
            "item": frame["item"],
            "level": frame["standard"].round(1),
        }
    )


@table(
    "service_audits",
    grain="an audit of a standard",
    chapter="16",
    scale="firm",
    columns="""
    standard_id* string -> service_standards.standard_id: standard
    month* date: month
    unit* string: store (S01 …) or team of the call centre (T1 …)
    delivered! number [points, 1–7]: level delivered
    """,
)
def service_audits(world: World) -> pd.DataFrame:
    """Each month of 2024 a trained visitor or caller scores every item in every store and team."""
    by_unit, by_visit, by_item = world.parameters.quality.audit_noise
    truth = world["service_gaps"]
    parts = []
    for place, n in enumerate(UNITS):
        level = truth.loc[truth["place"] == place, "delivered"].to_numpy()
        own = by_unit * world.normal("audited unit", place * 100 + np.arange(n))
        own = own - own.mean()
        unit, month = np.divmod(np.arange(n * 12), 12)
        visit = (place * 100 + unit) * 12 + month
        noise = by_visit * world.normal("audit visit", visit)[:, None]
        cell = visit[:, None] * 22 + np.arange(22)
        noise = noise + by_item * world.normal("audit item", cell.ravel()).reshape(cell.shape)
        score = np.clip(level + own[unit][:, None] + noise, 1, 7).round(1)
        item = np.tile(np.arange(1, 23), len(unit))
        parts.append(
            pd.DataFrame(
                {
                    "standard_id": _standard_ids(np.full(len(item), place), item),
                    "month": dates(np.repeat(firm.month_days()[24 + month], 22)),
                    "unit": np.repeat(unit_ids(place)[unit], 22),
                    "delivered": score.ravel(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@table(
    "promises",
    grain="a promise in the firm's advertising",
    chapter="16",
    scale="firm",
    columns="""
    promise_id* string: promise
    place! string: store or call centre
    item! integer -> servqual_items.item: item it speaks of
    promised! number [points, 1–7]: level promised
    """,
)
def promises(world: World) -> pd.DataFrame:
    frame = world["service_gaps"].dropna(subset="promised")
    return pd.DataFrame(
        {
            "promise_id": np.array([f"P-{s}" for s in _standard_ids(frame["place"], frame["item"])], dtype=object),
            "place": labels(frame["place"], PLACES),
            "item": frame["item"],
            "promised": frame["promised"].round(1),
        }
    )


@table(
    "truth/service_gaps",
    grain="a place and item: every level the gaps lie between",
    chapter="16",
    scale="firm",
    columns="""
    place* string: store or call centre
    item* integer -> servqual_items.item: item, 1–22
    expectation! number [points, 1–7]: mean expectation
    believed! number [points, 1–7]: mean belief of managers
    standard! number [points, 1–7]: standard set
    delivered! number [points, 1–7]: level delivered
    promised number [points, 1–7]: level promised; missing if the item is not advertised
    perceived! number [points, 1–7]: mean perception
    """,
)
def truth_service_gaps(world: World) -> pd.DataFrame:
    frame = world["service_gaps"].round(4)
    return frame.assign(place=labels(frame["place"], PLACES))
