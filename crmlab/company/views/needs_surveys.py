"""What customers need: the needs survey and the Kano survey."""

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.tables import customer_ids, labels, table
from crmlab.company.views.surveys import active_on
from crmlab.company.world import World

ANSWERS = ("like", "must be", "neutral", "can live with", "dislike")


# (functional, dysfunctional) answers that show each category, in Kano's evaluation table
_PAIRS = {
    "A": ((0, 1), (0, 2), (0, 3)),
    "O": ((0, 4),),
    "M": ((1, 4), (2, 4), (3, 4)),
    "I": ((1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3)),
    "R": ((1, 0), (2, 0), (3, 0), (4, 1), (4, 2), (4, 3)),
}


@table(
    "needs_survey",
    grain="a respondent: importance of twelve needs",
    chapter="09",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: respondent
    fresh! integer [points, 1–7]: importance of: the tea is fresh
    low_price! integer [points, 1–7]: importance of: a low price
    quick_to_make! integer [points, 1–7]: importance of: quick to make
    fine_packaging! integer [points, 1–7]: importance of: fine packaging
    personal_note! integer [points, 1–7]: importance of: a personal note with a present
    on_time! integer [points, 1–7]: importance of: delivery on the day
    good_for_health! integer [points, 1–7]: importance of: good for health
    organic! integer [points, 1–7]: importance of: organic
    no_caffeine! integer [points, 1–7]: importance of: without caffeine
    origin_story! integer [points, 1–7]: importance of: the story of its origin
    rare_leaves! integer [points, 1–7]: importance of: rare leaves
    brewing_advice! integer [points, 1–7]: importance of: advice on brewing
    """,
)
def needs_survey(world: World) -> pd.DataFrame:
    """Importance of twelve needs; some people tick high and some low throughout."""
    p = world.parameters
    person = active_on(world, p.surveys.wave_days[1])
    person = person[world.uniform("needs asked", person) < p.needs.needs_asked]
    segment = world["people"]["segment"].to_numpy()[person]
    style = p.needs.needs_style * world.normal("needs style", person)
    made = {"customer_id": customer_ids(world, person)}
    for name, level in p.needs.needs.items():
        answer = np.array(level)[segment] + style + p.needs.needs_noise * world.normal(f"needs {name}", person)
        made[name] = np.clip(np.round(answer), 1, 7).astype(np.int64)
    return pd.DataFrame(made)


@table(
    "kano_survey",
    grain="a respondent and feature",
    chapter="09",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: respondent
    feature* string: feature
    functional! string: answer if the feature is there
    dysfunctional! string: answer if it is not
    """,
)
def kano_survey(world: World) -> pd.DataFrame:
    """For each feature: how it feels to have it, and how to lack it."""
    p = world.parameters
    person = active_on(world, p.surveys.wave_days[1])
    person = person[world.uniform("kano asked", person) < p.needs.kano_asked]
    segment = world["people"]["segment"].to_numpy()[person]
    parts = []
    for k, categories in enumerate(p.needs.kano.values()):
        ids = person * 16 + k
        pairs = [_PAIRS[c] for c in categories]
        pick = world.uniform("kano pair", ids)
        chosen = [pairs[s][int(u * len(pairs[s]))] for s, u in zip(segment, pick, strict=True)]
        planted = np.array(chosen, dtype=int).reshape(-1, 2)
        noise = world.uniform("kano noise", ids) < p.needs.kano_noise
        random = np.column_stack([np.floor(5 * world.uniform(f"kano random {j}", ids)).astype(int) for j in (0, 1)])
        shown = np.where(noise[:, None], random, planted)
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": customer_ids(world, person),
                    "feature": labels(np.full(len(person), k), tuple(p.needs.kano)),
                    "functional": labels(shown[:, 0], ANSWERS),
                    "dysfunctional": labels(shown[:, 1], ANSWERS),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["customer_id", "feature"], ignore_index=True)


@table(
    "truth/kano",
    grain="a feature and need segment",
    chapter="09",
    scale="firm",
    columns="""
    feature* string: feature
    need* string: need segment
    category! string: true Kano category: M must-be, O one-dimensional, A attractive, I indifferent, R reverse
    """,
)
def truth_kano(world: World) -> pd.DataFrame:
    p = world.parameters.needs
    rows = [(f, s, c) for f, categories in p.kano.items() for s, c in zip(firm.SEGMENTS, categories, strict=True)]
    frame = pd.DataFrame(rows, columns=["feature", "need", "category"])
    return frame.astype(
        {"feature": pd.CategoricalDtype(list(p.kano)), "need": pd.CategoricalDtype(list(firm.SEGMENTS))}
    )
