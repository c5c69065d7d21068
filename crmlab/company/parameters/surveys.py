"""What customers are asked and say; how three systems keep their records."""

# ruff: noqa: RUF009 (planted makes a field)

from dataclasses import dataclass

from crmlab.company.parameters.planted import Story, planted

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Surveys(Story):
    """The four waves of the satisfaction survey, and the test of modes."""

    wave_days: tuple[int, ...] = planted(
        (424, 607, 790, 973), "days of the waves: March and end of August", "day", 366, 1095
    )
    active_days: int = planted(365, "days since an order within which a customer is in the frame", "day", 30, 730)
    item_mean: float = planted(7.2, "mean of an item", "points, 1–10", 1, 10)
    item_spread: float = planted(1.75, "spread of an item before it is rounded", "points, 1–10", 0.1, 5)
    loading: float = planted(0.92, "loading of an item on its construct", "sd", 0.1, 0.96)
    loading_steps: tuple[float, float, float] = planted(
        (0.03, -0.03, 0.0), "what the three items have more", "sd", -0.1, 0.03
    )
    lasting: float = planted(
        0.75, "of what its causes do not explain, what stays the person's own for good", "share", 0, 1
    )
    answer: tuple[float, float, float] = planted(
        (-0.98, 0.76, 0.02), "answers: level, smiley, satisfaction itself", "log odds", -5, 5
    )
    answer_direct: tuple[float, float] = planted(
        (-0.90, 0.50), "answers that cannot be weighted away: level, satisfaction", "log odds", -5, 5
    )
    unknown_smiley: float = planted(0.15, "customers whose smiley the firm does not know", "share", 0, 1)
    unknown_shown: float = planted(-0.3, "smiley they answer by", "sd", -3, 3)
    smiley_correlation: float = planted(0.50, "correlation of smiley and satisfaction", "", 0, 0.99)
    faces: Numbers = planted((-1.5, -0.7, 0.0, 0.7, 1.5), "cuts between the six faces", "sd", -4, 4)
    rival_item: tuple[float, float, float, float] = planted(
        (5.0, 1.2, 0.9, 1.1),
        "how good rivals are: level, attitude (less), competition, noise",
        "points, 1–10",
        (1, 0, 0, 0),
        (10, 4, 4, 4),
    )
    trust_item: tuple[float, float] = planted(
        (6.8, 1.8), "credibility, reliability, intimacy: mean, spread", "points, 1–10", (1, 0.1), (10, 5)
    )
    trust_loadings: tuple[float, float, float] = planted(
        (0.55, 0.65, 0.40), "their loadings on satisfaction", "sd", 0, 0.99
    )
    selfish_item: tuple[float, float, float, float] = planted(
        (4.2, 1.8, 0.45, 0.89),
        "self-orientation: mean, spread, satisfaction (less), noise",
        "points, 1–10",
        (1, 0.1, 0, 0),
        (10, 5, 1, 1),
    )
    bad_item_double: tuple[float, float] = planted(
        (6.0, 2.4), "item that asks two things at once: mean, spread", "points, 1–10", (1, 0.1), (10, 5)
    )
    bad_item_turned: tuple[float, float, float, float] = planted(
        (3.8, 1.75, 0.75, 0.66),
        "item worded the other way: mean, spread, satisfaction (less), noise",
        "points, 1–10",
        (1, 0.1, 0, 0),
        (10, 5, 1, 1),
    )
    wallet_share: tuple[float, float, float, float] = planted(
        (0.3, 0.6, 0.3, 0.5),
        "our share of the wallet: level, attitude, competition (less), noise",
        "log odds",
        (-3, 0, 0, 0),
        (3, 2, 2, 2),
    )
    wallet_box: float = planted(110.0, "monthly spending of those who only subscribe", "yuan", 10, 1000)
    wallet_noise: float = planted(0.2, "error of the amount said", "log", 0, 2)
    skipped: tuple[float, float] = planted(
        (0.006, 0.08), "answers left out: an item, the amount of the wallet", "share", 0, 0.9
    )
    mode_asked: float = planted(0.5, "customers of the third wave in the test of modes", "share", 0, 1)
    mode_level: Numbers = planted((0.9, 0.0, -1.2, -0.9), "answers to visit, telephone, mail, web", "log odds", -5, 5)
    mode_age: Numbers = planted((0.0, 0.1, 0.35, -0.7), "those by age", "log odds a sd", -3, 3)
    mode_satisfaction: Numbers = planted((0.10, 0.25, 0.45, 0.45), "those by satisfaction", "log odds a sd", -3, 3)
    mode_polite: Numbers = planted((0.55, 0.30, 0.0, 0.0), "politeness before a person", "points, 1–10", 0, 3)
    mode_item: tuple[float, float] = planted((0.92, 0.39), "item: loading on satisfaction, noise", "sd", 0, 1)
    mode_cost: Numbers = planted((38.0, 14.0, 5.0, 0.8), "cost of an attempt", "yuan", 0, 200)
    mode_answer_cost: Numbers = planted((12.0, 3.0, 2.0, 0.2), "more if it is answered", "yuan", 0, 200)


@dataclass(frozen=True)
class Market(Story):
    """The surveys of buying and of kinds of tea."""

    behaviour_asked: float = planted(0.25, "active customers asked", "share", 0, 1)
    buys_for: tuple[Numbers, ...] = planted(
        ((1.2, 0.8, 0, -1), (-0.2, 0.2, 1.6, -1), (1.0, 1.0, 0, -1), (1.5, 0.2, 0.3, -1), (0.4, 0.0, 0.0, 1.6)),
        "whom she buys for (columns), by need", "log", -3, 3,
    )  # fmt: skip
    main_reason: tuple[Numbers, ...] = planted(
        ((0.6, 0, 0.6, 0), (0.5, 0, 0, 0.8), (0.2, 1.6, 0, -0.3), (1.6, 0, 0.2, 0), (0.4, 0, 0.9, 0.4)),
        "main reason (columns), by need", "log", -3, 3,
    )  # fmt: skip
    hears_from: tuple[Numbers, Numbers] = planted(
        ((0.4, 0.5, 0.2, -0.4), (0.1, -0.9, 0.4, 0.1)),
        "hears from friends, web, store, advertising: level, by age",
        "log",
        -3,
        3,
    )
    drinks: tuple[Numbers, Numbers] = planted(
        ((0.5, 0.6, 0.1), (0.3, 0.0, -0.3)), "drinks when: level, by age", "log", -3, 3
    )
    income: tuple[Numbers, Numbers] = planted(
        ((0.0, 0.7, 0.1), (0.0, 0.0, 0.3)), "income: level, by spending", "log", -3, 3
    )
    price_matters: tuple[float, float] = planted(
        (-0.9, 1.8), "price matters: weight and centre of elasticity", "log", -5, 5
    )
    category_level: tuple[Numbers, ...] = planted(
        ((5.6, 5.3, 3.2), (5.0, 3.0, 2.0), (2.4, 2.3, 1.2), (2.8, 5.0, 2.8)),
        "gift box, puer, tea bags, herbal: involvement, difference, brands tried", "points, 1–7", 1, 8,
    )  # fmt: skip
    category_noise: tuple[float, float] = planted(
        (1.2, 0.9), "spread of answers: on the tea, on brands tried", "points", 0, 4
    )


@dataclass(frozen=True)
class Needs(Story):
    """The needs survey and the Kano survey."""

    needs_asked: float = planted(0.22, "active customers asked", "share", 0, 1)
    needs_style: float = planted(0.8, "some tick high and some low throughout", "points, 1–7", 0, 3)
    needs_noise: float = planted(1.0, "spread of an answer", "points, 1–7", 0, 3)
    needs: dict[str, Numbers] = planted(
        {
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
        },
        "mean importance of twelve needs by segment: daily, gift, health, connoisseur, office", "points, 1–7", 1, 7,
    )  # fmt: skip
    kano_asked: float = planted(0.14, "active customers asked about features", "share", 0, 1)
    kano_noise: float = planted(0.25, "answers given at random", "share", 0, 1)
    kano: dict[str, str] = planted(
        {
            "gift wrapping": "IAIII",
            "freshness date": "MMMMO",
            "refill reminder": "AIAIO",
            "brewing course": "IIAAR",
            "herbal adviser": "IIOIR",
            "origin certificate": "IAAOI",
            "free sample": "AAAAA",
            "delivery today": "OOIIM",
        },
        "Kano category by segment: M must-be, O one-dimensional, A attractive, I indifferent, R reverse",
    )


@dataclass(frozen=True)
class Records(Story):
    """Customer records in three systems (store, web, call centre), with their errors."""

    second_record: float = planted(0.10, "people with a second record", "share", 0, 1)
    third_record: float = planted(0.01, "people with a third", "share", 0, 1)
    shared_phone: float = planted(0.5, "of those who live with an earlier customer, with her telephone", "share", 0, 1)
    lives_with: float = planted(0.15, "people who live with an earlier customer", "share", 0, 0.9)
    two_characters: float = planted(0.78, "given names of two characters", "share", 0, 1)
    system_old: Numbers = planted((0.65, 0.20, 0.15), "first record by system, older people", "share", 0, 1)
    system_young: Numbers = planted((-0.35, 0.40, -0.05), "what the younger have more", "share", -0.6, 0.6)
    system_age: int = planted(42, "age from which one is older", "years", 18, 80)
    verified: float = planted(0.35, "records that were verified", "share", 0, 1)
    consent: float = planted(0.7, "people who consent", "share", 0, 1)
    consent_kept: float = planted(0.9, "records that show their consent rightly", "share", 0, 1)
    missing_phone: Numbers = planted((0.04, 0.10, 0.01), "records without telephone, by system", "probability", 0, 1)
    missing_email: Numbers = planted((0.60, 0.03, 0.45), "records without e-mail", "probability", 0, 1)
    missing_address: Numbers = planted((0.25, 0.08, 0.12), "records without address", "probability", 0, 1)
    missing_pinyin: Numbers = planted((0.40, 0.0, 0.30), "records without the name in letters", "probability", 0, 1)
    typo: Numbers = planted((0.04, 0.02, 0.06), "a field is mistyped", "probability", 0, 1)
    traditional: float = planted(0.05, "names in traditional characters", "probability", 0, 1)
    wide_digits: float = planted(0.06, "addresses with wide digits", "probability", 0, 1)
    flat_dropped: float = planted(0.2, "addresses without the word for flat", "probability", 0, 1)
    city_small: float = planted(0.03, "cities without a capital", "probability", 0, 1)
    pinyin_forms: Numbers = planted(
        (0.08, 0.16, 0.24), "names in letters: given name first, run together, small (cumulative)", "probability", 0, 1
    )
    phone_forms: Numbers = planted((0.08, 0.18), "telephones: with +86, with dashes (cumulative)", "probability", 0, 1)
    new_phone: float = planted(0.08, "telephones changed since the first record", "probability", 0, 1)
    new_email: float = planted(0.10, "e-mail addresses changed since the first record", "probability", 0, 1)
    sample: float = planted(0.04, "records checked with the customer at the end of 2024", "share", 0, 1)
