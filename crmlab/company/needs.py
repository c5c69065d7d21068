"""What customers need: the needs survey, the Kano survey, and who took up which offer."""

import numpy as np
import pandas as pd

from crmlab.company import parameters as P
from crmlab.company.surveys import WAVE_DAYS, active_on
from crmlab.company.tables import customer_ids, dates, labels, order_profit, table
from crmlab.company.world import World

# mean importance (1–7) of twelve needs, by segment: daily, gift, health, connoisseur, office
NEEDS = {
    "fresh": (5.6, 4.6, 5.2, 6.3, 4.2),
    "low_price": (5.8, 3.6, 4.6, 3.0, 5.2),
    "quick_to_make": (5.0, 3.4, 3.6, 2.2, 6.4),
    "fine_packaging": (2.6, 6.5, 2.8, 3.4, 2.8),
    "personal_note": (2.2, 5.9, 2.8, 2.6, 2.0),
    "on_time": (4.2, 6.1, 4.2, 4.0, 5.6),
    "good_for_health": (4.0, 3.6, 6.6, 4.2, 3.6),
    "organic": (3.4, 3.8, 6.1, 4.6, 2.8),
    "no_caffeine": (2.4, 2.6, 5.2, 1.8, 2.2),
    "origin_story": (2.8, 4.4, 3.8, 6.4, 2.2),
    "rare_leaves": (2.2, 4.2, 3.2, 6.5, 1.8),
    "brewing_advice": (3.0, 3.2, 4.4, 5.6, 2.6),
}
# true Kano category by segment: M must-be, O one-dimensional, A attractive, I indifferent, R reverse
KANO = {
    "gift wrapping": "IAIII",
    "freshness date": "MMMMO",
    "refill reminder": "AIAIO",
    "brewing course": "IIAAR",
    "herbal adviser": "IIOIR",
    "origin certificate": "IAAOI",
    "free sample": "AAAAA",
    "delivery today": "OOIIM",
}
KANO_NOISE = 0.25
ANSWERS = ("like", "must be", "neutral", "can live with", "dislike")
# (functional, dysfunctional) answers that show each category, in Kano's evaluation table
_PAIRS = {
    "A": ((0, 1), (0, 2), (0, 3)),
    "O": ((0, 4),),
    "M": ((1, 4), (2, 4), (3, 4)),
    "I": ((1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3)),
    "R": ((1, 0), (2, 0), (3, 0), (4, 1), (4, 2), (4, 3)),
}


@table("needs_survey")
def needs_survey(world: World) -> pd.DataFrame:
    """Importance of twelve needs; some people tick high and some low throughout."""
    person = active_on(world, WAVE_DAYS[1])
    person = person[world.uniform("needs asked", person) < 0.22]
    segment = world["people"]["segment"].to_numpy()[person]
    style = 0.8 * world.normal("needs style", person)
    made = {"customer_id": customer_ids(world, person)}
    for name, level in NEEDS.items():
        answer = np.array(level)[segment] + style + 1.0 * world.normal(f"needs {name}", person)
        made[name] = np.clip(np.round(answer), 1, 7).astype(np.int64)
    return pd.DataFrame(made)


@table("kano_survey")
def kano_survey(world: World) -> pd.DataFrame:
    """For each feature: how it feels to have it, and how to lack it."""
    person = active_on(world, WAVE_DAYS[1])
    person = person[world.uniform("kano asked", person) < 0.14]
    segment = world["people"]["segment"].to_numpy()[person]
    parts = []
    for k, categories in enumerate(KANO.values()):
        ids = person * 16 + k
        pairs = [_PAIRS[c] for c in categories]
        pick = world.uniform("kano pair", ids)
        chosen = [pairs[s][int(u * len(pairs[s]))] for s, u in zip(segment, pick, strict=True)]
        planted = np.array(chosen, dtype=int).reshape(-1, 2)
        noise = world.uniform("kano noise", ids) < KANO_NOISE
        random = np.column_stack([np.floor(5 * world.uniform(f"kano random {j}", ids)).astype(int) for j in (0, 1)])
        shown = np.where(noise[:, None], random, planted)
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": customer_ids(world, person),
                    "feature": labels(np.full(len(person), k), tuple(KANO)),
                    "functional": labels(shown[:, 0], ANSWERS),
                    "dysfunctional": labels(shown[:, 1], ANSWERS),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["customer_id", "feature"], ignore_index=True)


@table("truth/kano")
def truth_kano(world: World) -> pd.DataFrame:
    rows = [(f, s, c) for f, categories in KANO.items() for s, c in zip(P.SEGMENTS, categories, strict=True)]
    frame = pd.DataFrame(rows, columns=["feature", "need", "category"])
    return frame.astype({"feature": pd.CategoricalDtype(list(KANO)), "need": pd.CategoricalDtype(list(P.SEGMENTS))})


@table("offer_test")
def offer_test(world: World) -> pd.DataFrame:
    frame = world["promotions"]["offer"]
    sent = (frame["arm"] > 0).to_numpy()
    answers = sent & frame["responds"].to_numpy()
    profit = order_profit(world)
    profit = profit[profit["promotion"] == 3].set_index("person").reindex(frame["person"])
    order = profit["order_id"].where(answers).astype("Int64")
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "arm": labels(frame["arm"], P.OFFERS),
            "sent": dates(np.where(sent, world.parameters.offer_day, P.DAYS)),
            "responded": answers,
            "order_id": order.array,
            "profit": np.where(answers, profit["profit"].round(2), 0.0),
        }
    )
