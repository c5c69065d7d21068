"""What the mailings and the offer test of 2024 bring, and all orders together."""

import numpy as np
import pandas as pd
from scipy import special

from crmlab.company import firm
from crmlab.company.chance import gamma_at
from crmlab.company.core.retail import ROUNDS, Ints, channel_shares
from crmlab.company.world import World, stage

NO_FAULT = {"severity": 0, "complained": False, "restored": 0.0, "arm": -1, "left": 0.0, "stays_by_arm": -1}


@stage("promotions")
def promotions(world: World) -> dict[str, pd.DataFrame]:
    """The two mailings and the offer test of 2024: arms and what every member would have answered."""
    people = world["people"]
    p = world.parameters
    member = np.flatnonzero(people["retail"] & (people["joined"] < firm.LEARN_DAYS))
    made = {}
    for k, day in enumerate(p.campaigns.mail_days):
        share = p.campaigns.mail_shares[k]
        alive_now = world["alive"][member] >= day
        would = special.expit(
            p.campaigns.response[0]
            + p.campaigns.response[1] * people["rate_score"].to_numpy()[member]
            + p.campaigns.response[2] * people["attitude"].to_numpy()[member]
        )
        probability = np.where(alive_now, would, p.campaigns.response_gone)
        made[f"mail_{k + 1}"] = pd.DataFrame(
            {
                "person": member,
                "mailed": world.uniform(f"mail {k + 1} arm", member) < share,
                "probability": probability,
                "responds": world.uniform(f"mail {k + 1}", member) < probability,
                "day": day
                + 1
                + np.floor(p.campaigns.response_days * world.uniform(f"mail {k + 1} delay", member)).astype(int),
            }
        )
    member = np.flatnonzero(people["retail"] & (people["joined"] < p.campaigns.offer_day))
    arm = np.floor(5 * world.uniform("offer arm", member)).astype(int)
    level = (
        p.campaigns.offer[0]
        + p.campaigns.offer[1] * people["rate_score"].to_numpy()[member]
        + p.campaigns.offer[2] * people["attitude"].to_numpy()[member]
    )
    segment = people["segment"].to_numpy()[member]
    score = level[:, None] + p.campaigns.offer[3] * (np.arange(5) - 1 == segment[:, None])
    probability = special.expit(score)
    probability[:, 0] = 0.0  # who gets no offer cannot take one up
    probability[world["alive"][member] < p.campaigns.offer_day] *= p.campaigns.offer_gone
    draw = world.uniform("offer", member)
    frame = pd.DataFrame({"person": member, "arm": arm})
    for k, name in enumerate(firm.OFFERS):
        frame[f"probability_{name.replace(' ', '_')}"] = probability[:, k]
    frame["responds"] = draw < np.take_along_axis(probability, arm[:, None], 1)[:, 0]
    frame["day"] = (
        p.campaigns.offer_day
        + 1
        + np.floor(p.campaigns.response_days * world.uniform("offer delay", member)).astype(int)
    )
    made["offer"] = frame
    return made


@stage("orders")
def orders(world: World) -> pd.DataFrame:
    """All retail orders, those brought by the promotions of 2024 among them; one a customer and day."""
    p = world.parameters
    base = world["base_orders"]["orders"].assign(promotion=np.int8(0), voucher=np.int16(0))
    extra = []
    for k, (name, frame) in enumerate(world["promotions"].items()):
        sent = frame["mailed"] if name.startswith("mail") else frame["arm"] > 0
        taken = frame[frame["responds"] & sent]
        person = taken["person"].to_numpy()
        amount = gamma_at(world.normal(f"{name} amount", person), p.retail.spend[0])
        amount = amount / world["people"]["spend_scale"].to_numpy()[person]
        voucher = p.campaigns.voucher if name.startswith("mail") else 0.0
        fen = np.round(100 * (np.maximum(amount, p.campaigns.least_amount) - voucher)).astype(np.int32)
        channel = world.choice(f"{name} channel", person, channel_shares(world)[person])
        extra.append(
            pd.DataFrame(
                {
                    "person": person,
                    "round": np.int16(ROUNDS - 3 + k),
                    "day": taken["day"].to_numpy().astype(np.int16),
                    "fen": fen,
                    "channel": channel.astype(np.int8),
                    "promotion": np.int8(k + 1),
                    "voucher": np.int16(100 * voucher),
                }
            ).assign(**NO_FAULT)
        )
    late = pd.concat(extra, ignore_index=True).astype(base.dtypes.to_dict())
    late["day"] = _free_days(base, late)
    order = np.lexsort([np.concatenate([base[name], late[name]]) for name in ("day", "person")])
    frame = pd.DataFrame({name: np.concatenate([base[name], late[name]])[order] for name in base})
    frame["order_id"] = (frame["person"] + 1) * ROUNDS + frame.groupby("person").cumcount() + 1
    return frame


def _free_days(base: pd.DataFrame, late: pd.DataFrame) -> Ints:
    """The days of promotions' orders, moved to the next day on which the customer does not order anyway."""
    theirs = base[base["person"].isin(late["person"])]
    taken = set(zip(theirs["person"], theirs["day"], strict=True))
    person, days = late["person"].to_numpy(), late["day"].to_numpy().copy()
    for row in np.lexsort((late["promotion"], days, person)):
        while (person[row], days[row]) in taken:
            days[row] += 1
        taken.add((person[row], days[row]))
    return days
