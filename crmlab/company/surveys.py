"""What customers say: four waves of the satisfaction survey, survey modes, a behaviour and a category survey.

In each wave the satisfaction model is drawn again with innovations that are part old, part new, so that every
path holds in every wave; faults since then lower satisfaction. Who answers depends on the smiley she left at her
last order or box, which the firm knows of most customers. The second, direct version of answering, which no
weighting can repair, is in the truth.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crmlab.company import parameters as P
from crmlab.company.chance import Floats
from crmlab.company.faults import satisfaction_on
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World, stage

WAVE_DAYS = (424, 607, 790, 973)  # 2023-03-01, 2023-08-31, 2024-03-01, 2024-08-31
ACTIVE_DAYS = 365
ITEM_MEAN, ITEM_SPREAD, LOADING = 7.2, 1.75, 0.92
ANSWER = (-0.98, 0.76, 0.02)  # level, smiley, satisfaction itself
ANSWER_DIRECT = (-0.90, 0.50)  # level, satisfaction: cannot be weighted away
UNKNOWN_SMILEY = 0.15
SMILEY_CORRELATION = 0.50
FACES = np.array([-1.5, -0.7, 0.0, 0.7, 1.5])  # cuts of the smiley's latent into six faces
CONSTRUCTS = ("image", "expectation", "product_quality", "service_quality", "value", "satisfaction", "attitude")
SHORT = ("image", "expect", "product", "service", "value", "satisf", "loyal")
MODES = ("visit", "telephone", "mail", "web")


@stage("waves")
def waves(world: World) -> pd.DataFrame:
    """One row a customer in the frame and wave: latents of the wave, smiley, and both kinds of answering."""
    parts = [_wave(world, number, day) for number, day in enumerate(WAVE_DAYS, start=1)]
    return pd.concat(parts, ignore_index=True)


def active_on(world: World, day: int) -> NDArray[np.int64]:
    """People with an order or a box in the year before a day, as the firm knows it."""
    placed, sent = world["orders"], world["subscriptions"]
    recent = placed.loc[(placed["day"] < day) & (placed["day"] >= day - ACTIVE_DAYS), "person"]
    month = int(day / 30.44)
    boxes = sent.loc[(sent["start"] < month) & (sent["start"] + sent["months"] > month - 12), "person"]
    return np.union1d(recent.to_numpy(), boxes.to_numpy())


def _wave(world: World, number: int, day: int) -> pd.DataFrame:
    person = active_on(world, day)
    scores = wave_scores(world, number, day, person)
    smiley = SMILEY_CORRELATION * scores["satisfaction"] + np.sqrt(1 - SMILEY_CORRELATION**2) * world.normal(
        f"wave {number} smiley", person
    )
    known = world.uniform(f"wave {number} known", person) >= UNKNOWN_SMILEY
    shown = np.where(known, smiley, -0.3)
    level, slope, own = ANSWER
    draw = world.uniform(f"wave {number} answer", person)
    direct = ANSWER_DIRECT[0] + ANSWER_DIRECT[1] * scores["satisfaction"]
    return pd.DataFrame(
        {
            "wave": number,
            "person": person,
            "day": day,
            "smiley": np.where(known, 1 + np.searchsorted(FACES, smiley), 0),
            "answered": draw < expit(level + slope * shown + own * scores["satisfaction"]),
            "answers_directly": draw < expit(direct),
            **scores,
        }
    )


def wave_scores(world: World, number: int, day: int, person: NDArray[np.int64]) -> dict[str, Floats]:
    """Latents of a wave: the planted paths with innovations three quarters of which are the person's own for good."""
    people = world["people"].iloc[person]
    stays = 0.75
    scores: dict[str, Floats] = {}
    lasting = _innovations(world)
    for name in CONSTRUCTS:
        causes = world.parameters.paths.get(name, {})
        new = world.normal(f"wave {number} {name}", person)
        own = lasting[name][person]
        spread = world["residual_spread"][name]
        scores[name] = sum((b * scores[cause] for cause, b in causes.items()), np.zeros(len(person)))
        scores[name] = scores[name] + spread * (np.sqrt(stays) * own + np.sqrt(1 - stays) * new)
        if name == "satisfaction":
            scores[name] = scores[name] - (people["satisfaction"].to_numpy() - satisfaction_on(world, day)[person])
    return scores


def _innovations(world: World) -> dict[str, Floats]:
    """What of each latent its causes do not explain, in units of its own standard deviation."""
    people = world["people"]
    made = {}
    for name in CONSTRUCTS:
        causes = world.parameters.paths.get(name, {})
        explained = sum((b * people[cause].to_numpy() for cause, b in causes.items()), np.zeros(world.people))
        made[name] = (people[name].to_numpy() - explained) / world["residual_spread"][name]
    return made


def items(world: World, wave: str, ids: NDArray[np.int64], latent: Floats, name: str) -> dict[str, NDArray[np.int64]]:
    """Three items of a construct on the scale 1–10."""
    made = {}
    for k, change in enumerate((0.03, -0.03, 0.0)):
        loading = LOADING + change
        noise = np.sqrt(1 - loading**2) * world.normal(f"{wave} item {name}{k + 1}", ids)
        answer = np.round(ITEM_MEAN + ITEM_SPREAD * (loading * latent + noise))
        made[f"{name}{k + 1}"] = np.clip(answer, 1, 10).astype(np.int64)
    return made


@stage("wave_items")
def wave_items(world: World) -> pd.DataFrame:
    """The answers everybody in the frame would give, whether she answers or not."""
    frame = world["waves"]
    ids = frame["person"].to_numpy() * 8 + frame["wave"].to_numpy()
    made: dict[str, NDArray[np.int64]] = {}
    for name, short in zip(CONSTRUCTS, SHORT, strict=True):
        made |= items(world, "wave", ids, frame[name].to_numpy(), short)
    people = world["people"].iloc[frame["person"]].reset_index(drop=True)
    regime, attitude = people["regime"].to_numpy(), frame["attitude"].to_numpy()
    rival = 5.0 - 1.2 * attitude + 0.9 * (regime - 1)
    for k in (1, 2):
        made[f"rival{k}"] = _scale(rival + 1.1 * world.normal(f"wave item rival{k}", ids), 1, 10)
    satisfaction = frame["satisfaction"].to_numpy()
    trust = {"credibility": 0.55, "reliability": 0.65, "intimacy": 0.40}
    for k, (name, loading) in enumerate(trust.items()):
        noise = np.sqrt(1 - loading**2) * world.normal(f"wave item trust{k}", ids)
        made[f"trust_{name}"] = _scale(6.8 + 1.8 * (loading * satisfaction + noise), 1, 10)
    selfish = -0.45 * satisfaction + 0.89 * world.normal("wave item trust3", ids)
    made["trust_self_orientation"] = _scale(4.2 + 1.8 * selfish, 1, 10)
    # two deliberately bad items: one asks two things at once, the other is worded the other way round
    made["satisf_bad1"] = _scale(6.0 + 2.4 * world.normal("wave item bad1", ids), 1, 10)
    made["satisf_bad2"] = _scale(3.8 - 1.75 * (0.75 * satisfaction + 0.66 * world.normal("wave item bad2", ids)), 1, 10)
    spend = people["rate"] * P.PARAMETERS.spend[0] / people["spend_scale"] * 52 / 12
    share = expit(0.3 + 0.6 * attitude - 0.3 * (regime - 1) + 0.5 * world.normal("wave item share", ids))
    wallet = np.where(people["retail"], spend, 110.0) / share
    made["wallet"] = np.maximum(np.round(wallet * np.exp(0.2 * world.normal("wave item wallet", ids)) / 10) * 10, 10)
    return pd.DataFrame(made).astype("int64")


def _scale(score: Floats, low: int, high: int) -> NDArray[np.int64]:
    return np.clip(np.round(score), low, high).astype(np.int64)


@table("survey_frame")
def survey_frame(world: World) -> pd.DataFrame:
    frame = world["waves"]
    return pd.DataFrame(
        {
            "wave": frame["wave"],
            "customer_id": customer_ids(world, frame["person"]),
            "invited": dates(frame["day"]),
            "smiley": frame["smiley"].where(frame["smiley"] > 0).astype("Int64"),
            "answered": frame["answered"],
        }
    )


@table("survey_responses")
def survey_responses(world: World) -> pd.DataFrame:
    frame = world["waves"]
    answered = frame["answered"].to_numpy()
    ids = (frame["person"].to_numpy() * 8 + frame["wave"].to_numpy())[answered]
    made = world["wave_items"][answered].reset_index(drop=True)
    for name in made:
        skipped = world.uniform(f"skip {name}", ids) < (0.08 if name == "wallet" else 0.006)
        made[name] = made[name].where(~skipped).astype("Int64")
    made.insert(0, "wave", frame.loc[answered, "wave"].to_numpy())
    made.insert(1, "customer_id", customer_ids(world, frame.loc[answered, "person"]))
    return made


def index_100(answers: pd.DataFrame) -> pd.Series:
    """Mean of the three satisfaction items on 0–100."""
    return (answers[["satisf1", "satisf2", "satisf3"]].mean(axis=1) - 1) / 9 * 100


@table("truth/survey")
def truth_survey(world: World) -> pd.DataFrame:
    frame = world["waves"]
    made = pd.DataFrame(
        {
            "wave": frame["wave"],
            "customer_id": customer_ids(world, frame["person"]),
            "satisfaction": index_100(world["wave_items"]).round(2),
            "answers_directly": frame["answers_directly"],
        }
    )
    return pd.concat([made, frame[list(CONSTRUCTS)].round(4).add_suffix("_score")], axis=1)


@table("survey_modes")
def survey_modes(world: World) -> pd.DataFrame:
    """One in two customers of the third wave approached once more, by a mode drawn by lot."""
    frame = world["waves"].query("wave == 3")
    person = frame["person"].to_numpy()
    asked = world.uniform("mode asked", person) < 0.5
    person, satisfaction = person[asked], frame["satisfaction"].to_numpy()[asked]
    age = world["people"]["age"].to_numpy()[person]
    mode = np.floor(4 * world.uniform("mode", person)).astype(int)
    level = np.array([0.9, 0.0, -1.2, -0.9])[mode]
    by_age = np.array([0.0, 0.1, 0.35, -0.7])[mode] * (age - 41) / 12.5
    by_satisfaction = np.array([0.10, 0.25, 0.45, 0.45])[mode]
    answered = world.uniform("mode answer", person) < expit(level + by_age + by_satisfaction * satisfaction)
    polite = np.array([0.55, 0.30, 0.0, 0.0])[mode]
    heard = ITEM_MEAN + polite + ITEM_SPREAD * (0.92 * satisfaction + 0.39 * world.normal("mode item", person))
    score = pd.Series(_scale(heard, 1, 10)).where(answered).astype("Int64")
    cost = np.array([38.0, 14.0, 5.0, 0.8])[mode] + np.array([12.0, 3.0, 2.0, 0.2])[mode] * answered
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "mode": labels(mode, MODES),
            "answered": answered,
            "satisfaction": score,
            "cost": cost.round(2),
        }
    )


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


@table("behaviour_survey")
def behaviour_survey(world: World) -> pd.DataFrame:
    """Twelve questions on buying tea; some go with needs, age or sex, others with nothing."""
    person = active_on(world, WAVE_DAYS[2])
    person = person[world.uniform("behaviour asked", person) < 0.25]
    people = world["people"].iloc[person]
    age = (people["age"].to_numpy() - 41) / 12.5
    segment = people["segment"].to_numpy()
    zero = np.zeros(len(person))
    wish = {
        "buys_for": np.array([[1.2, 0.8, 0, -1], [-0.2, 0.2, 1.6, -1], [1.0, 1.0, 0, -1], [1.5, 0.2, 0.3, -1],
                              [0.4, 0.0, 0.0, 1.6]])[segment],
        "hears_from": np.column_stack([0.4 + 0.1 * age, 0.5 - 0.9 * age, 0.2 + 0.4 * age, -0.4 + 0.1 * age]),
        "drinks": np.column_stack([0.5 + 0.3 * age, 0.6 + zero, 0.1 - 0.3 * age]),
        "main_reason": np.array([[0.6, 0, 0.6, 0], [0.5, 0, 0, 0.8], [0.2, 1.6, 0, -0.3], [1.6, 0, 0.2, 0],
                                 [0.4, 0, 0.9, 0.4]])[segment],
        "price_matters": -0.9 * np.outer(people["elasticity"].to_numpy() + 1.8, (-1, 0, 1)),
        "income_group": np.column_stack([zero, 0.7 + zero, 0.1 + 0.3 * people["spend_score"].to_numpy()]),
    }  # fmt: skip
    made: dict[str, object] = {"customer_id": customer_ids(world, person)}
    for name, answers in _ANSWERS.items():
        if name == "age_group":
            code = np.searchsorted([30, 40, 50, 60], people["age"].to_numpy(), side="right")
        else:
            weight = np.exp(wish[name]) if name in wish else np.ones(len(answers))
            code = world.choice(f"behaviour {name}", person, weight)
        made[name] = labels(code, answers)
    return pd.DataFrame(made)


@table("category_survey")
def category_survey(world: World) -> pd.DataFrame:
    """Involvement, perceived differences and search for four kinds of tea (Assael's two dimensions)."""
    person = active_on(world, WAVE_DAYS[2])
    person = person[world.uniform("behaviour asked", person) < 0.25]
    level = {
        "gift box": (5.6, 5.3, 3.2),
        "puer": (5.0, 3.0, 2.0),
        "tea bags": (2.4, 2.3, 1.2),
        "herbal": (2.8, 5.0, 2.8),
    }
    parts = []
    for k, (involvement, difference, tried) in enumerate(level.values()):
        ids = person * 4 + k
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": customer_ids(world, person),
                    "category": labels(np.full(len(person), k), tuple(level)),
                    "involvement": _scale(involvement + 1.2 * world.normal("category involvement", ids), 1, 7),
                    "difference": _scale(difference + 1.2 * world.normal("category difference", ids), 1, 7),
                    "brands_tried": _scale(tried + 0.9 * world.normal("category tried", ids), 1, 8),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["customer_id", "category"], ignore_index=True)
