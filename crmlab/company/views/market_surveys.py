"""The test of survey modes, and surveys of buying and of kinds of tea."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crmlab.company.chance import Floats
from crmlab.company.tables import customer_ids, labels, table
from crmlab.company.views.surveys import active_on, scale
from crmlab.company.world import World

MODES = ("visit", "telephone", "mail", "web")


@table(
    "survey_modes",
    grain="a person approached and survey mode",
    chapter="05",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: person approached
    mode! string: visit, telephone, mail or web, by lot
    answered! boolean: answered
    satisfaction integer [points, 1–10]: answer
    cost! number [yuan]: cost of the approach
    """,
)
def survey_modes(world: World) -> pd.DataFrame:
    """One in two customers of the third wave approached once more, by a mode drawn by lot."""
    p = world.parameters
    frame = world["waves"].query("wave == 3")
    person = frame["person"].to_numpy()
    asked = world.uniform("mode asked", person) < p.surveys.mode_asked
    person, satisfaction = person[asked], frame["satisfaction"].to_numpy()[asked]
    age = world["people"]["age"].to_numpy()[person]
    mode = np.floor(4 * world.uniform("mode", person)).astype(int)
    level = np.array(p.surveys.mode_level)[mode]
    by_age = np.array(p.surveys.mode_age)[mode] * (age - p.people.age_mean) / p.people.age_spread
    by_satisfaction = np.array(p.surveys.mode_satisfaction)[mode]
    answered = world.uniform("mode answer", person) < expit(level + by_age + by_satisfaction * satisfaction)
    polite = np.array(p.surveys.mode_polite)[mode]
    loading, noise = p.surveys.mode_item
    heard = (
        p.surveys.item_mean
        + polite
        + p.surveys.item_spread * (loading * satisfaction + noise * world.normal("mode item", person))
    )
    score = pd.Series(scale(heard, 1, 10)).where(answered).astype("Int64")
    cost = np.array(p.surveys.mode_cost)[mode] + np.array(p.surveys.mode_answer_cost)[mode] * answered
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "mode": labels(mode, MODES),
            "answered": answered,
            "satisfaction": score,
            "cost": cost.round(2),
        }
    )


def _asked(world: World) -> NDArray[np.int64]:
    """The active customers asked in both surveys."""
    person = active_on(world, world.parameters.surveys.wave_days[2])
    return person[world.uniform("behaviour asked", person) < world.parameters.market.behaviour_asked]


_ANSWERS = {
    "age_group": ("under 30", "30–39", "40–49", "50–59", "60 and over"),
    "buys_for": ("myself", "family", "presents", "office"),
    "hears_from": ("friends", "web", "store", "advertising"),
    "drinks": ("morning", "afternoon", "evening"),
    "main_reason": ("taste", "health", "habit", "company"),
    "income_group": ("low", "middle", "high"),
    "household_size": ("1", "2", "3", "4 and more"),
    "weekday": ("weekday", "weekend"),
    "pet": ("none", "cat", "dog"),
    "favourite_colour": ("red", "blue", "green", "other"),
    "news": ("paper", "web", "television"),
    "price_matters": ("little", "somewhat", "much"),
}


@table(
    "behaviour_survey",
    grain="a respondent: twelve questions on buying tea",
    chapter="05",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: respondent
    age_group! string: age
    buys_for! string: for whom she buys tea
    hears_from! string: where she hears of new teas
    drinks! string: when she drinks tea
    main_reason! string: main reason for drinking tea
    income_group! string: income of the household
    household_size! string: people in the household
    weekday! string: when she shops
    pet! string: pet
    favourite_colour! string: favourite colour
    news! string: where she gets her news
    price_matters! string: how much price matters
    """,
)
def behaviour_survey(world: World) -> pd.DataFrame:
    """Twelve questions on buying tea; some go with needs, age or sex, others with nothing."""
    p = world.parameters
    person = _asked(world)
    people = world["people"].iloc[person]
    age = (people["age"].to_numpy() - p.people.age_mean) / p.people.age_spread
    segment = people["segment"].to_numpy()
    weight, centre = p.market.price_matters

    def by(planted: tuple[tuple[float, ...], ...], score: Floats) -> Floats:
        level, slope = planted
        return np.array(level) + np.outer(score, slope)

    wish = {
        "buys_for": np.array(p.market.buys_for)[segment],
        "hears_from": by(p.market.hears_from, age),
        "drinks": by(p.market.drinks, age),
        "main_reason": np.array(p.market.main_reason)[segment],
        "price_matters": weight * np.outer(people["elasticity"].to_numpy() + centre, (-1, 0, 1)),
        "income_group": by(p.market.income, people["spend_score"].to_numpy()),
    }
    made: dict[str, object] = {"customer_id": customer_ids(world, person)}
    for name, answers in _ANSWERS.items():
        if name == "age_group":
            code = np.searchsorted([30, 40, 50, 60], people["age"].to_numpy(), side="right")
        else:
            shares = np.exp(wish[name]) if name in wish else np.ones(len(answers))
            code = world.choice(f"behaviour {name}", person, shares)
        made[name] = labels(code, answers)
    return pd.DataFrame(made)


@table(
    "category_survey",
    grain="a respondent and kind of tea",
    chapter="05",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: respondent
    category* string: kind of tea
    involvement! integer [points, 1–7]: how much the purchase matters to her
    difference! integer [points, 1–7]: how much brands differ in her eyes
    brands_tried! integer [brand]: brands tried in the last year
    """,
)
def category_survey(world: World) -> pd.DataFrame:
    """Involvement, perceived differences and search for four kinds of tea (Assael's two dimensions)."""
    p = world.parameters
    person = _asked(world)
    level = dict(zip(("gift box", "puer", "tea bags", "herbal"), p.market.category_level, strict=True))
    wide, narrow = p.market.category_noise
    parts = []
    for k, (involvement, difference, tried) in enumerate(level.values()):
        ids = person * 4 + k
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": customer_ids(world, person),
                    "category": labels(np.full(len(person), k), tuple(level)),
                    "involvement": scale(involvement + wide * world.normal("category involvement", ids), 1, 7),
                    "difference": scale(difference + wide * world.normal("category difference", ids), 1, 7),
                    "brands_tried": scale(tried + narrow * world.normal("category tried", ids), 1, 8),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["customer_id", "category"], ignore_index=True)
