"""Everything that is planted: the parameters of Lantern Leaf Tea, in one place.

Changing a number here is a new data version (`datasets/lantern_leaf/VERSION`), never a side effect.
The classes are frozen; a test that wants another world passes `parameters.replace(...)`.
"""

from dataclasses import asdict, dataclass, field, replace

__all__ = ["PARAMETERS", "Parameters", "as_dict", "replace"]

FIRST_DAY = "2022-01-01"
DAYS = 1096  # 2022, 2023 and 2024; day 0 is the first day
LEARN_DAYS = 730  # models learn on days 0 … 729 (to 2023-12-31); 2024 is the hold-out year
MONTHS = 36
LEARN_MONTHS = 24
MEMBERS_PER_ROW = 25  # one in 25 of the firm's members is in the tables

CITIES = ("Mingpu", "Heqiao", "Yunting", "Songwan", "Luyuan", "Qingdu")
CITIES_ZH = ("明浦", "鹤桥", "云汀", "松湾", "鹿原", "青渡")
REGIMES = ("monopoly", "oligopoly", "competition")
REGIME_OF_CITY = (2, 2, 1, 1, 0, 0)
RIVAL_CITY = 4  # Luyuan, a near-monopoly until the rival opens; Qingdu is its control
SEGMENTS = ("daily", "gift", "health", "connoisseur", "office")
CATEGORIES = ("green", "black", "oolong", "white", "puer", "herbal", "gift box", "tea bags")
CHANNELS = ("store", "web", "wechat")
CAUSES = ("price", "service", "competitor", "product", "no need", "moved")
OFFERS = ("none", "daily refill", "gift wrapping", "herbal trial", "puer tasting")


@dataclass(frozen=True)
class Parameters:
    """The planted truth. Time is in weeks for retail rates, months for subscriptions, money in yuan."""

    # People: of every 43, 30 only buy in the shop, 9 only subscribe, 4 do both.
    pattern: tuple[int, int, int] = (30, 9, 4)
    city_shares: tuple[float, ...] = (0.18, 0.15, 0.16, 0.14, 0.22, 0.15)
    female: float = 0.58
    segment_base: tuple[float, ...] = (0.36, 0.22, 0.18, 0.14, 0.10)
    segment_age: tuple[float, ...] = (0.0, -0.14, 0.30, 0.10, -0.20)
    segment_sex: tuple[float, ...] = (0.0, 0.34, 0.20, -0.34, -0.08)

    # Satisfaction model (ECSI paths), every latent with mean 0 and variance 1.
    paths: dict[str, dict[str, float]] = field(
        default_factory=lambda: {
            "expectation": {"image": 0.50},
            "product_quality": {"expectation": 0.45},
            "service_quality": {"expectation": 0.40},
            "value": {"expectation": 0.10, "product_quality": 0.35, "service_quality": 0.35},
            "satisfaction": {
                "image": 0.15,
                "expectation": 0.05,
                "product_quality": 0.25,
                "service_quality": 0.25,
                "value": 0.30,
            },
            "attitude": {"satisfaction": 0.50, "image": 0.15},
        }
    )

    # Retail: BG/NBD and gamma–gamma.
    rate: tuple[float, float] = (0.9, 9.0)  # r, alpha (weeks)
    dropout: tuple[float, float] = (0.8, 2.6)  # a, b
    spend: tuple[float, float, float] = (6.0, 3.5, 62.5)  # p, q, gamma (yuan)
    join_power: float = 1.25
    join_days: int = 1074
    season: tuple[float, float] = (0.06, 0.20)  # amplitude: all, gift buyers
    margin: float = 0.42
    order_cost: float = 14.0  # mean cost to serve an order, yuan
    service_rate: float = 0.80  # yuan a minute of service
    order_cost_spread: float = 0.5

    # Satisfaction to dropout, by regime: monopoly, oligopoly, competition.
    regime_level: tuple[float, ...] = (-0.5, 0.0, 0.5)
    regime_slope: tuple[float, ...] = (0.4, 0.8, 1.5)
    concave: float = 1.0
    convex: float = 0.9

    # Subscriptions: shifted beta-geometric.
    churn: tuple[float, float] = (0.765, 7.735)  # alpha, beta
    start_power: float = 1.3
    plan_share: float = 0.55  # month to month; the rest renew automatically
    box_prices: tuple[float, ...] = (88.0, 128.0, 198.0)
    box_shares: tuple[float, ...] = (0.40, 0.40, 0.20)

    # Faults and recovery, on retail orders and subscription boxes.
    fault: float = 0.04
    courier_fault: float = 0.30  # June 2023, the courier's two cities
    courier_days: tuple[int, int] = (516, 546)
    courier_cities: tuple[int, ...] = (1, 3)
    severity: tuple[float, ...] = (0.50, 0.35, 0.15)
    complaint_threshold: float = 2.4
    complaint_noise: float = 0.7
    restored: tuple[float, ...] = (0.9, 0.6, 0.2)
    restored_shares: tuple[float, ...] = (0.5, 0.3, 0.2)
    paradox: float = 0.4  # a small fault handled perfectly leaves a customer better disposed than none
    fault_dropout: float = 0.55  # log hazard for each point of severity left
    fault_satisfaction: float = 0.35  # drop in satisfaction (sd) for each point of severity left
    fault_memory: float = 180.0  # days in which the drop fades to 1/e

    # The rival opens on 2023-03-01; attitude and switching cost protect, habit does not.
    rival_day: int = 424
    rival_pull: float = 0.75
    rival_delay: float = 45.0

    # Life events, a year; the rate of buying changes 60 days later.
    moved: float = 0.04
    baby: float = 0.04
    moved_factor: float = 0.6
    baby_factor: float = 1.4
    event_lag: int = 60

    # Referral.
    referred: float = 0.35
    referred_spend: float = 0.16
    referral_slope: float = 1.2
    referral_window: int = 860
    type_1: float = 0.55

    # Defection path before a subscriber leaves, and the signals of it.
    lead: tuple[float, ...] = (0.50, 0.14, 0.12, 0.10, 0.08, 0.06)
    false_spell: float = 0.04
    false_spell_months: int = 2
    signal_in: tuple[float, ...] = (0.50, 0.40, 0.35, 0.30, 0.30)
    signal_out: tuple[float, ...] = (0.06, 0.05, 0.05, 0.04, 0.03)

    # Causes of exit and what leavers say.
    cause_level: tuple[float, ...] = (0.20, 0.05, -0.35, -0.55, -0.45, -1.05)
    says_price: tuple[float, ...] = (0.93, 0.42, 0.52, 0.45, 0.42, 0.10)
    exit_answer: float = 0.60

    # Experiments of 2024.
    mail_days: tuple[int, int] = (740, 771)  # 2024-01-11 and 2024-02-11
    mail_share: float = 0.30  # the January test; in February one half
    mail_cost: float = 1.60
    voucher: float = 10.0
    response: tuple[float, float, float] = (-2.9, 0.55, 0.35)  # level, rate score, attitude
    response_gone: float = 0.004
    programme_effect: float = 0.04
    volunteer: tuple[float, float] = (-0.5, 0.27)
    retention_month: int = 27
    persuadable: tuple[float, float, float] = (2.58, -2.5, 1.0)
    sleeping_dog: tuple[float, float, float, float] = (-2.80, 1.5, 1.0, -0.8)
    churn_score: tuple[float, float] = (-0.604, 0.842)
    winback_month: int = 30
    winback: tuple[tuple[float, ...], ...] = (
        (0.06, 0.15, 0.33),
        (0.08, 0.27, 0.20),
        (0.04, 0.10, 0.15),
        (0.04, 0.09, 0.11),
        (0.02, 0.04, 0.05),
        (0.005, 0.01, 0.01),
    )
    second_life: tuple[float, ...] = (0.87, 0.96, 0.91, 0.92, 0.93, 0.95)
    recovery_gain: tuple[float, float, float] = (0.0, 0.50, 0.65)  # apology, ¥20, ¥50
    offer_day: int = 884  # 2024-06-03
    offer: tuple[float, float, float, float] = (-3.3, 0.45, 0.20, 1.4)  # level, rate, attitude, match

    # Office service.
    accounts: int = 240
    account_size: tuple[float, float] = (30_000.0, 0.8)
    account_service: tuple[float, float, float] = (0.38, 0.75, 1.2)
    account_service_quantile: float = 0.855
    account_margin: tuple[float, float] = (0.38, 0.03)
    account_growth: tuple[float, ...] = (0.94, 1.00, 1.05)


PARAMETERS = Parameters()


def as_dict(parameters: Parameters = PARAMETERS) -> dict[str, object]:
    """The parameters as plain data, for `truth/parameters.json`."""
    return asdict(parameters)
