"""What customers say: four waves of the satisfaction survey.

In each wave the satisfaction model is drawn again with innovations that are part old, part new, so that every
path holds in every wave; faults since then lower satisfaction. Who answers depends on the smiley she left at her
last order or box, which the firm knows of most customers. The second, direct version of answering, which no
weighting can repair, is in the truth.

A long module: most of it is the data dictionary of its tables.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crmlab.company.chance import Floats
from crmlab.company.core.faults import satisfaction_on
from crmlab.company.tables import customer_ids, dates, table
from crmlab.company.world import World, stage

CONSTRUCTS = ("image", "expectation", "product_quality", "service_quality", "value", "satisfaction", "attitude")


SHORT = ("image", "expect", "product", "service", "value", "satisf", "loyal")


@stage("waves")
def waves(world: World) -> pd.DataFrame:
    """One row a customer in the frame and wave: latents of the wave, smiley, and both kinds of answering."""
    parts = [_wave(world, number, day) for number, day in enumerate(world.parameters.surveys.wave_days, start=1)]
    return pd.concat(parts, ignore_index=True)


def active_on(world: World, day: int) -> NDArray[np.int64]:
    """People with an order or a box in the year before a day, as the firm knows it."""
    placed, sent = world["orders"], world["subscriptions"]
    recent = placed.loc[(placed["day"] < day) & (placed["day"] >= day - world.parameters.surveys.active_days), "person"]
    month = int(day / 30.44)
    boxes = sent.loc[(sent["start"] < month) & (sent["start"] + sent["months"] > month - 12), "person"]
    return np.union1d(recent.to_numpy(), boxes.to_numpy())


def _wave(world: World, number: int, day: int) -> pd.DataFrame:
    p = world.parameters.surveys
    person = active_on(world, day)
    scores = wave_scores(world, number, day, person)
    smiley = p.smiley_correlation * scores["satisfaction"] + np.sqrt(1 - p.smiley_correlation**2) * world.normal(
        f"wave {number} smiley", person
    )
    known = world.uniform(f"wave {number} known", person) >= p.unknown_smiley
    shown = np.where(known, smiley, p.unknown_shown)
    level, slope, own = p.answer
    draw = world.uniform(f"wave {number} answer", person)
    direct = p.answer_direct[0] + p.answer_direct[1] * scores["satisfaction"]
    return pd.DataFrame(
        {
            "wave": number,
            "person": person,
            "day": day,
            "smiley": np.where(known, 1 + np.searchsorted(p.faces, smiley), 0),
            "answered": draw < expit(level + slope * shown + own * scores["satisfaction"]),
            "answers_directly": draw < expit(direct),
            **scores,
        }
    )


def wave_scores(world: World, number: int, day: int, person: NDArray[np.int64]) -> dict[str, Floats]:
    """Latents of a wave: the planted paths with innovations three quarters of which are the person's own for good."""
    p = world.parameters
    people = world["people"].iloc[person]
    stays = p.surveys.lasting
    scores: dict[str, Floats] = {}
    lasting = _innovations(world)
    for name in CONSTRUCTS:
        causes = p.satisfaction.paths.get(name, {})
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
        causes = world.parameters.satisfaction.paths.get(name, {})
        explained = sum((b * people[cause].to_numpy() for cause, b in causes.items()), np.zeros(world.people))
        made[name] = (people[name].to_numpy() - explained) / world["residual_spread"][name]
    return made


def items(world: World, wave: str, ids: NDArray[np.int64], latent: Floats, name: str) -> dict[str, NDArray[np.int64]]:
    """Three items of a construct on the scale 1–10."""
    p = world.parameters.surveys
    made = {}
    for k, change in enumerate(p.loading_steps):
        loading = p.loading + change
        noise = np.sqrt(1 - loading**2) * world.normal(f"{wave} item {name}{k + 1}", ids)
        answer = np.round(p.item_mean + p.item_spread * (loading * latent + noise))
        made[f"{name}{k + 1}"] = np.clip(answer, 1, 10).astype(np.int64)
    return made


@stage("wave_items")
def wave_items(world: World) -> pd.DataFrame:
    """The answers everybody in the frame would give, whether she answers or not."""
    p = world.parameters
    frame = world["waves"]
    ids = frame["person"].to_numpy() * 8 + frame["wave"].to_numpy()
    made: dict[str, NDArray[np.int64]] = {}
    for name, short in zip(CONSTRUCTS, SHORT, strict=True):
        made |= items(world, "wave", ids, frame[name].to_numpy(), short)
    people = world["people"].iloc[frame["person"]].reset_index(drop=True)
    regime, attitude = people["regime"].to_numpy(), frame["attitude"].to_numpy()
    level, by_attitude, by_regime, noise = p.surveys.rival_item
    rival = level - by_attitude * attitude + by_regime * (regime - 1)
    for k in (1, 2):
        made[f"rival{k}"] = scale(rival + noise * world.normal(f"wave item rival{k}", ids), 1, 10)
    satisfaction = frame["satisfaction"].to_numpy()
    trust = dict(zip(("credibility", "reliability", "intimacy"), p.surveys.trust_loadings, strict=True))
    mean, spread = p.surveys.trust_item
    for k, (name, loading) in enumerate(trust.items()):
        noise = np.sqrt(1 - loading**2) * world.normal(f"wave item trust{k}", ids)
        made[f"trust_{name}"] = scale(mean + spread * (loading * satisfaction + noise), 1, 10)
    mean, spread, weight, rest = p.surveys.selfish_item
    selfish = -weight * satisfaction + rest * world.normal("wave item trust3", ids)
    made["trust_self_orientation"] = scale(mean + spread * selfish, 1, 10)
    # two deliberately bad items: one asks two things at once, the other is worded the other way round
    mean, spread = p.surveys.bad_item_double
    made["satisf_bad1"] = scale(mean + spread * world.normal("wave item bad1", ids), 1, 10)
    mean, spread, weight, rest = p.surveys.bad_item_turned
    turned = weight * satisfaction + rest * world.normal("wave item bad2", ids)
    made["satisf_bad2"] = scale(mean - spread * turned, 1, 10)
    spend = people["rate"] * p.retail.spend[0] / people["spend_scale"] * 52 / 12
    level, by_attitude, by_regime, noise = p.surveys.wallet_share
    share = expit(
        level + by_attitude * attitude - by_regime * (regime - 1) + noise * world.normal("wave item share", ids)
    )
    wallet = np.where(people["retail"], spend, p.surveys.wallet_box) / share
    made["wallet"] = np.maximum(
        np.round(wallet * np.exp(p.surveys.wallet_noise * world.normal("wave item wallet", ids)) / 10) * 10, 10
    )
    return pd.DataFrame(made).astype("int64")


def scale(score: Floats, low: int, high: int) -> NDArray[np.int64]:
    return np.clip(np.round(score), low, high).astype(np.int64)


@table(
    "survey_frame",
    grain="a customer invited and wave",
    chapter="05",
    scale="sample",
    columns="""
    wave* integer: wave, 1–4
    customer_id* string -> customers.customer_id: customer invited
    invited! date: day of the invitation
    smiley integer [faces, 1–6]: smiley after the last order or box; missing where none was given
    answered! boolean: answered the survey
    """,
)
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


@table(
    "survey_responses",
    grain="a completed questionnaire of a wave",
    chapter="05",
    scale="sample",
    columns="""
    wave* integer: wave, 1–4
    customer_id* string -> customers.customer_id: respondent
    image1 integer [points, 1–10]: the firm is what a tea house should be, item 1
    image2 integer [points, 1–10]: the firm is what a tea house should be, item 2
    image3 integer [points, 1–10]: the firm is what a tea house should be, item 3
    expect1 integer [points, 1–10]: what I expected of the firm beforehand, item 1
    expect2 integer [points, 1–10]: what I expected of the firm beforehand, item 2
    expect3 integer [points, 1–10]: what I expected of the firm beforehand, item 3
    product1 integer [points, 1–10]: quality of the tea, item 1
    product2 integer [points, 1–10]: quality of the tea, item 2
    product3 integer [points, 1–10]: quality of the tea, item 3
    service1 integer [points, 1–10]: quality of the service, item 1
    service2 integer [points, 1–10]: quality of the service, item 2
    service3 integer [points, 1–10]: quality of the service, item 3
    value1 integer [points, 1–10]: worth its price, item 1
    value2 integer [points, 1–10]: worth its price, item 2
    value3 integer [points, 1–10]: worth its price, item 3
    satisf1 integer [points, 1–10]: satisfaction, item 1
    satisf2 integer [points, 1–10]: satisfaction, item 2
    satisf3 integer [points, 1–10]: satisfaction, item 3
    loyal1 integer [points, 1–10]: attitude to the firm against its rivals, item 1
    loyal2 integer [points, 1–10]: attitude to the firm against its rivals, item 2
    loyal3 integer [points, 1–10]: attitude to the firm against its rivals, item 3
    rival1 integer [points, 1–10]: attitude to rivals, item 1
    rival2 integer [points, 1–10]: attitude to rivals, item 2
    trust_credibility integer [points, 1–10]: believes what the firm says
    trust_reliability integer [points, 1–10]: can rely on the firm
    trust_intimacy integer [points, 1–10]: feels known and safe
    trust_self_orientation integer [points, 1–10]: thinks the firm looks after itself first
    satisf_bad1 integer [points, 1–10]: The tea is good and the delivery is fast: an item of doubtful quality
    satisf_bad2 integer [points, 1–10]: I would not say I was not pleased: an item of doubtful quality
    wallet integer [yuan a month]: spends on tea in all
    """,
)
def survey_responses(world: World) -> pd.DataFrame:
    frame = world["waves"]
    answered = frame["answered"].to_numpy()
    ids = (frame["person"].to_numpy() * 8 + frame["wave"].to_numpy())[answered]
    made = world["wave_items"][answered].reset_index(drop=True)
    for name in made:
        skipped = world.uniform(f"skip {name}", ids) < world.parameters.surveys.skipped[name == "wallet"]
        made[name] = made[name].where(~skipped).astype("Int64")
    made.insert(0, "wave", frame.loc[answered, "wave"].to_numpy())
    made.insert(1, "customer_id", customer_ids(world, frame.loc[answered, "person"]))
    return made


def index_100(answers: pd.DataFrame) -> pd.Series:
    """Mean of the three satisfaction items on 0–100."""
    return (answers[["satisf1", "satisf2", "satisf3"]].mean(axis=1) - 1) / 9 * 100


@table(
    "truth/survey",
    grain="a customer in the frame and wave",
    chapter="05",
    scale="sample",
    columns="""
    wave* integer: wave
    customer_id* string -> customers.customer_id: customer in the frame
    satisfaction! number [points, 0–100]: mean of the three satisfaction items she gives or would give
    answers_directly! boolean: would answer if answering depended on satisfaction itself
    image_score! number [standard deviation]: latent score in this wave
    expectation_score! number [standard deviation]: latent score in this wave
    product_quality_score! number [standard deviation]: latent score in this wave
    service_quality_score! number [standard deviation]: latent score in this wave
    value_score! number [standard deviation]: latent score in this wave
    satisfaction_score! number [standard deviation]: latent score in this wave
    attitude_score! number [standard deviation]: latent score in this wave
    """,
)
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
