"""Customer records as three systems keep them: typed by hand, twice over, out of date; and who they really are.

Every person has one true name, phone, e-mail address and address at a time. About one in nine also has a
second record in another system. A record shows what was true when it was made, with the errors of its system.

A long module: most of it is the data dictionary of its tables.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlab.company import firm
from crmlab.company.core.people import first_days
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.views.names import (
    GIVEN,
    MAIL,
    STREETS,
    SURNAMES,
    misspelt,
    phone_as_typed,
    pinyin_as_typed,
    swapped,
    traditional,
    wide,
)
from crmlab.company.world import World, stage

SYSTEMS = ("store", "web", "call centre")


@stage("identity")
def identity(world: World) -> pd.DataFrame:
    """The truth of every person: name, household, and phone, e-mail and address, old and new."""
    p = world.parameters.records
    n = world.people
    ids = np.arange(n)
    city = world["people"]["city"].to_numpy()
    home = _households(world, city)
    surname = world.choice("surname", ids, [float(s[3]) for s in SURNAMES])
    first = np.floor(len(GIVEN) * world.uniform("given 1", ids)).astype(int)
    second = np.floor(len(GIVEN) * world.uniform("given 2", ids)).astype(int)
    two = world.uniform("given length", ids) < p.two_characters
    number = np.floor(10**8 * world.uniform("phone", ids)).astype(int)
    new_number = np.floor(10**8 * world.uniform("phone new", ids)).astype(int)
    prefix = np.array([139, 136, 158, 188, 177, 152])[np.floor(6 * world.uniform("prefix", ids)).astype(int)]
    shares = (home != ids) & (world.uniform("shared phone", ids) < p.shared_phone)
    digits = np.floor(1000 * world.uniform("mail digits", ids)).astype(int)
    host = np.floor(len(MAIL) * world.uniform("mail host", ids)).astype(int)
    rows: list[tuple[Any, ...]] = []
    for i in range(n):
        s, g = SURNAMES[surname[i]], [GIVEN[first[i]]] + ([GIVEN[second[i]]] if two[i] else [])
        given = "".join(x[1] for x in g)
        mail = f"{given}.{s[1].replace('ü', 'u')}{digits[i]}@{MAIL[host[i]]}"
        rows.append((s[0] + "".join(x[0] for x in g), f"{s[1].capitalize()} {given.capitalize()}", mail))
    frame = pd.DataFrame(rows, columns=["name", "pinyin", "email"])
    frame["email_new"] = [f"t{d:03d}.{m}" for d, m in zip(digits, frame["email"], strict=True)]
    own = np.array([f"{p}{x:08d}" for p, x in zip(prefix, number, strict=True)], dtype=object)
    frame["phone"] = np.where(shares, own[home], own)
    frame["phone_new"] = [f"{p}{x:08d}" for p, x in zip(prefix, new_number, strict=True)]
    frame["address"] = _addresses(world, "address", home)
    frame["address_new"] = _addresses(world, "address new", ids)
    frame["household"] = home
    moves = world["life_events"].query("event == 'moved'").drop_duplicates("person").set_index("person")["day"]
    frame["moved"] = moves.reindex(ids).to_numpy()
    return frame


def _households(world: World, city: NDArray[Any]) -> NDArray[np.int64]:
    """Head of each person's household: herself, or the nearest of the forty people before her in her city."""
    ids = np.arange(world.people)
    joins = world.uniform("lives with", ids) < world.parameters.records.lives_with
    home = ids.copy()
    open_rows = joins.copy()
    for back in range(1, 41):
        earlier = ids - back
        fits = open_rows & (earlier >= 0)
        fits &= city[np.maximum(earlier, 0)] == city
        fits &= ~joins[np.maximum(earlier, 0)]
        home[fits] = earlier[fits]
        open_rows &= ~fits
    return home


def _addresses(world: World, name: str, home: NDArray[Any]) -> list[str]:
    street = np.floor(len(STREETS) * world.uniform(f"{name} street", home)).astype(int)
    house = 1 + np.floor(180 * world.uniform(f"{name} house", home)).astype(int)
    flat = 101 + np.floor(2200 * world.uniform(f"{name} flat", home)).astype(int)
    return [f"{STREETS[s]}{h}号{f}室" for s, h, f in zip(street, house, flat, strict=True)]


@stage("records")
def records(world: World) -> pd.DataFrame:
    """One row a record: whose it is, in which system, made when, and what is written in it."""
    p = world.parameters.records
    ids = np.arange(world.people)
    young = np.where(world["people"]["age"].to_numpy() < p.system_age, 1.0, 0.0)
    chances = np.array(p.system_old) + np.outer(young, p.system_young)
    main = world.choice("main system", ids, chances)
    step = 1 + np.floor(2 * world.uniform("second system", ids)).astype(int)
    draw = world.uniform("second record", ids)
    first = first_days(world)
    parts = [
        pd.DataFrame({"person": ids, "copy": 0, "system": main, "day": first}),
        pd.DataFrame({"person": ids, "copy": 1, "system": (main + step) % 3, "day": first}),
        pd.DataFrame({"person": ids, "copy": 2, "system": (main + 3 - step) % 3, "day": first}),
    ]
    frame = pd.concat([parts[0], parts[1][draw < p.second_record], parts[2][draw < p.third_record]])
    frame = frame.sort_values(["person", "copy"], ignore_index=True)
    key = frame["person"].to_numpy() * 4 + frame["copy"].to_numpy()
    left = np.maximum(firm.DAYS - 1 - frame["day"].to_numpy(), 0)
    late = np.floor(left * world.uniform("record day", key)).astype(int)
    frame["day"] += np.where(frame["copy"] > 0, late, 0)
    rest = np.maximum(firm.DAYS - 1 - frame["day"].to_numpy(), 0)
    checked = world.uniform("verified", key) < p.verified
    frame["verified"] = np.where(checked, frame["day"] + np.floor(rest * world.uniform("verified day", key)), firm.DAYS)
    willing = world.uniform("consent", frame["person"]) < p.consent
    frame["consent"] = np.where(world.uniform("consent kept", key) < p.consent_kept, willing, ~willing)
    frame["key"] = key
    return _written(world, frame)


def _written(world: World, frame: pd.DataFrame) -> pd.DataFrame:
    """Put into each record what was true on its day, and the errors of its system."""
    p = world.parameters.records
    truth = world["identity"].iloc[frame["person"]].reset_index(drop=True)
    key, system = frame["key"].to_numpy(), frame["system"].to_numpy()
    again = (frame["copy"] > 0).to_numpy()

    def hit(name: str, chance: Any) -> NDArray[np.bool_]:
        return world.uniform(f"record {name}", key) < (np.array(chance)[system] if np.ndim(chance) else chance)

    moved = (truth["moved"] <= frame["day"]).to_numpy()
    phone = np.where(again & hit("new phone", p.new_phone), truth["phone_new"], truth["phone"])
    mail = np.where(again & hit("new mail", p.new_email), truth["email_new"], truth["email"])
    address = np.where(moved, truth["address_new"], truth["address"])
    place = world.uniform("record place", key)
    frame["name"] = [
        misspelt(name, at) if typo else traditional(name) if old else name
        for name, typo, old, at in zip(
            truth["name"], hit("name", p.typo), hit("traditional", p.traditional), place, strict=True
        )
    ]
    frame["name_pinyin"] = _blank(
        [
            pinyin_as_typed(pin, u, p.pinyin_forms)
            for pin, u in zip(truth["pinyin"], world.uniform("record pinyin", key), strict=True)
        ],
        hit("no pinyin", p.missing_pinyin),
    )
    frame["phone"] = _blank(
        [phone_as_typed(number, typo, u, q, p.phone_forms) for number, typo, u, q in
         zip(phone, hit("phone", p.typo), world.uniform("record phone form", key), place, strict=True)],
        hit("no phone", p.missing_phone),
    )  # fmt: skip
    frame["email"] = _blank(
        [swapped(m, at) if typo else m for m, typo, at in zip(mail, hit("mail", p.typo), place, strict=True)],
        hit("no mail", p.missing_email),
    )
    widened = hit("wide digits", p.wide_digits)
    frame["address"] = _blank(
        [
            wide(a) if w else a.replace("室", "") if at < p.flat_dropped else a
            for a, w, at in zip(address, widened, place, strict=True)
        ],
        hit("no address", p.missing_address),
    )
    city = [firm.CITIES[c] for c in world["people"]["city"].to_numpy()[frame["person"]]]
    frame["city"] = [c.lower() if low else c for c, low in zip(city, hit("city", p.city_small), strict=True)]
    return frame


def _blank(values: list[str], empty: NDArray[np.bool_]) -> pd.Series:
    return pd.Series(values, dtype="str").mask(empty)


def record_ids(frame: pd.DataFrame) -> list[str]:
    """Ids that say nothing about the person: the letter of the system and a scrambled number."""
    scrambled = (frame["key"].to_numpy() * 7_368_787 + 1_234_567) % 99_999_989
    return [f"{'SWC'[s]}{x:08d}" for s, x in zip(frame["system"], scrambled, strict=True)]


@table(
    "crm_records",
    grain="a record in one of the three systems; duplicates are not marked",
    chapter="03",
    scale="sample",
    columns="""
    record_id* string: record
    system! string: store, web or call centre
    name! string: name as typed, in simplified or traditional characters
    name_pinyin string: name in pinyin as typed
    phone string: phone as typed
    email string: e-mail as typed
    address string: street and number as typed
    city! string: city as typed
    created! date: day the record was made
    verified date: day it was last checked with the customer; missing if never
    consent! boolean: consent to be contacted as this system has it
    """,
)
def crm_records(world: World) -> pd.DataFrame:
    frame = world["records"]
    made = pd.DataFrame(
        {
            "record_id": record_ids(frame),
            "system": labels(frame["system"], SYSTEMS),
            **{name: frame[name] for name in ("name", "name_pinyin", "phone", "email", "address", "city")},
            "created": dates(frame["day"]),
            "verified": dates(frame["verified"]),
            "consent": frame["consent"],
        }
    )
    return made.sort_values("record_id", ignore_index=True)


@table(
    "truth/entities",
    grain="a record: the person behind it",
    chapter="03",
    scale="sample",
    columns="""
    record_id* string -> crm_records.record_id: record
    customer_id! string -> customers.customer_id: the person behind it
    household_id! string: her household
    """,
)
def truth_entities(world: World) -> pd.DataFrame:
    frame = world["records"]
    home = world["identity"]["household"].to_numpy()[frame["person"]]
    made = pd.DataFrame(
        {
            "record_id": record_ids(frame),
            "customer_id": customer_ids(world, frame["person"]),
            "household_id": [f"H{h + 1:06d}" for h in home],
        }
    )
    return made.sort_values("record_id", ignore_index=True)


@table(
    "order_records",
    grain="an order: the record it was booked under",
    chapter="03",
    scale="sample",
    columns="""
    order_id* integer -> orders.order_id: order
    record_id! string -> crm_records.record_id: record the order was booked under
    """,
)
def order_records(world: World) -> pd.DataFrame:
    """Under which record each order was booked: the record of its channel's system if there is one by then."""
    frame = world["records"]
    placed = world["orders"][["order_id", "person", "day", "channel"]]
    wanted = np.where(placed["channel"] == 0, 0, 1)
    first = frame[frame["copy"] == 0].set_index("person")["key"]
    chosen = first.reindex(placed["person"]).to_numpy()
    for system in (0, 1):
        mine = frame[frame["system"] == system].drop_duplicates("person").set_index("person")
        key = mine["key"].reindex(placed["person"]).to_numpy()
        made = mine["day"].reindex(placed["person"]).to_numpy()
        use = (wanted == system) & ~np.isnan(key) & (made <= placed["day"].to_numpy())
        chosen = np.where(use, key, chosen)
    names = pd.Series(record_ids(frame), index=frame["key"])
    return pd.DataFrame({"order_id": placed["order_id"], "record_id": names.reindex(chosen.astype(int)).to_numpy()})


@table(
    "verified_sample",
    grain="a record of a 4 % sample checked with the customer at the end of 2024",
    chapter="03",
    scale="sample",
    columns="""
    record_id* string -> crm_records.record_id: record checked
    name! string: true name
    phone! string: phone in use at the end of 2024
    email! string: e-mail in use at the end of 2024
    address! string: address at the end of 2024
    """,
)
def verified_sample(world: World) -> pd.DataFrame:
    """Records checked with the customer at the end of 2024: what is true now."""
    p = world.parameters.records
    frame = world["records"]
    chosen = frame[world.uniform("verified sample", frame["key"]) < p.sample]
    truth = world["identity"].iloc[chosen["person"]].reset_index(drop=True)
    moved = truth["moved"].notna()
    copies = frame.groupby("person")["copy"].max().reindex(chosen["person"]).to_numpy()
    new_phone = world.uniform("record new phone", chosen["person"] * 4 + copies) < p.new_phone
    new_mail = world.uniform("record new mail", chosen["person"] * 4 + copies) < p.new_email
    made = pd.DataFrame(
        {
            "record_id": record_ids(chosen),
            "name": truth["name"].to_numpy(),
            "phone": np.where((copies > 0) & new_phone, truth["phone_new"], truth["phone"]),
            "email": np.where((copies > 0) & new_mail, truth["email_new"], truth["email"]),
            "address": np.where(moved, truth["address_new"], truth["address"]),
        }
    )
    return made.sort_values("record_id", ignore_index=True)


@table(
    "address_changes",
    grain="a change of address",
    chapter="03",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: customer
    date* date: day of the move
    """,
)
def address_changes(world: World) -> pd.DataFrame:
    moves = world["life_events"].query("event == 'moved'")
    return pd.DataFrame({"customer_id": customer_ids(world, moves["person"]), "date": dates(moves["day"])}).reset_index(
        drop=True
    )
