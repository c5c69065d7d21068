"""What retail members buy, when, and for how much; what goes wrong; the campaigns of 2024; office accounts."""

# ruff: noqa: RUF009 (planted makes a field)

from dataclasses import dataclass

from crmlab.company.parameters.planted import Story, planted

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Retail(Story):
    """Orders: BG/NBD in time (weeks), gamma–gamma in money."""

    rate: tuple[float, float] = planted((0.9, 9.0), "gamma of the purchase rate: r, alpha (weeks)", "", 0.1, 50)
    dropout: tuple[float, float] = planted((0.8, 2.6), "beta of leaving after an order: a, b", "", 0.1, 50)
    spend: tuple[float, float, float] = planted(
        (6.0, 3.5, 62.5), "gamma–gamma of amounts: p, q, gamma (yuan)", "", (1, 2.1, 5), (20, 10, 500)
    )
    season: tuple[float, float] = planted((0.06, 0.20), "strength of the season: all, gift buyers", "share", 0, 0.4)
    season_peak: tuple[float, float] = planted(
        (2.2, 14.0), "new-year peak: height, width in days", "", (0.1, 2), (10, 60)
    )
    season_wave: float = planted(0.25, "height of the yearly wave", "share", 0, 1)
    season_days: tuple[int, int] = planted(
        (12, 20), "day of the year of the peak, and of the top of the wave", "day", (0, 0), (60, 120)
    )
    margin: float = planted(0.42, "margin of goods sold in the usual mix", "share", 0.05, 0.8)
    order_cost: float = planted(14.0, "mean cost to serve an order", "yuan", 1, 100)
    order_cost_spread: float = planted(0.5, "spread of that cost between customers", "log", 0, 2)
    service_rate: float = planted(0.80, "a minute of service", "yuan", 0.1, 10)
    young: tuple[float, float] = planted(
        (42.0, 8.0), "age at which half are young as buyers, and its scale", "years", (18, 1), (80, 40)
    )
    store_share: tuple[float, float] = planted(
        (0.75, 0.50), "orders in a store by the old; less for the young", "share", 0, 0.9
    )
    wechat_share: tuple[float, float] = planted(
        (0.10, 0.25), "orders by WeChat by the old; more for the young", "share", 0, 0.4
    )
    home_store: float = planted(0.85, "store orders that are placed in the home store", "share", 0, 1)
    minute_shares: tuple[Numbers, ...] = planted(
        ((0.50, 0.30, 0.20), (0.15, 0.65, 0.20), (0.25, 0.55, 0.20)),
        "minutes of an order by channel (rows): advice, packing, after-sales", "share", 0, 1,
    )  # fmt: skip


@dataclass(frozen=True)
class Baskets(Story):
    """What is in an order: forty teas, eight categories of five blends."""

    line_counts: Numbers = planted((0.55, 0.30, 0.15), "orders with one, two, three teas", "share", 0.01, 1)
    line_least: float = planted(0.3, "least weight of a line against the largest possible of this plus 1", "", 0, 5)
    need_by_category: tuple[Numbers, ...] = planted(
        (
            (0.36, 0.20, 0.15, 0.07, 0.04, 0.05, 0.04, 0.09),
            (0.09, 0.09, 0.08, 0.06, 0.08, 0.04, 0.52, 0.04),
            (0.12, 0.06, 0.05, 0.12, 0.04, 0.52, 0.04, 0.05),
            (0.10, 0.06, 0.22, 0.16, 0.34, 0.02, 0.08, 0.02),
            (0.14, 0.14, 0.06, 0.03, 0.03, 0.08, 0.06, 0.46),
        ),
        "what each need (rows) buys, by category", "share", 0, 1,
    )  # fmt: skip
    by_taste: float = planted(0.6, "lines of the blend a customer likes best", "share", 0, 1)
    popularity: Numbers = planted((0.36, 0.24, 0.18, 0.13, 0.09), "blends among the other lines", "share", 0.01, 1)
    list_prices: Numbers = planted(
        (58, 52, 72, 88, 96, 64, 120, 46), "list price of a category", "yuan a 100 g", 5, 500
    )
    blend_price: float = planted(0.15, "price step from blend to blend", "share", 0, 0.5)
    category_margins: Numbers = planted(
        (0.42, 0.42, 0.44, 0.44, 0.46, 0.38, 0.44, 0.36), "margin of a category before it is scaled to the planted one",
        "share", 0.1, 0.8,
    )  # fmt: skip


@dataclass(frozen=True)
class Faults(Story):
    """What goes wrong with orders and boxes, and how far it is put right."""

    fault: float = planted(0.04, "orders and boxes with a fault", "probability", 0, 0.4)
    fault_channel: tuple[float, float] = planted((0.75, 1.25), "times that in stores, and on line", "factor", 0, 2)
    courier_fault: float = planted(
        0.30, "boxes with a fault in June 2023, in the courier's cities", "probability", 0, 0.5
    )
    courier_on_line: float = planted(1.8, "times that for orders on line", "factor", 0, 2)
    courier_days: tuple[int, int] = planted(
        (516, 546), "first day of the courier's failure, and the day after its last", "day", (486, 530), (529, 600)
    )
    courier_cities: tuple[int, ...] = planted((1, 3), "the courier's cities", "", 0, 5)
    severity: Numbers = planted((0.50, 0.35, 0.15), "faults of severity 1, 2, 3", "share", 0.01, 1)
    complaint_threshold: float = planted(
        2.4, "severity, mood and chance above which a customer complains", "point", 0, 6
    )
    complaint_noise: float = planted(0.7, "chance in that", "point", 0.1, 3)
    restored: Numbers = planted((0.9, 0.6, 0.2), "share put right: nearly all, mostly, little", "share", 0, 1)
    restored_shares: Numbers = planted((0.5, 0.3, 0.2), "complaints put right so far", "share", 0.01, 1)
    paradox: float = planted(
        0.4, "a small fault put right nearly completely leaves so much less than none", "point", 0, 1
    )
    paradox_from: float = planted(0.9, "share put right from which that holds", "share", 0.1, 1)
    fault_dropout: float = planted(0.55, "rise of the hazard of leaving for a point of severity left", "log", 0, 3)
    recovery_gain: tuple[float, float, float] = planted(
        (0.0, 0.50, 0.65), "of what was not put right, made good by an apology, 20 yuan, 50 yuan", "share", 0, 0.95
    )


@dataclass(frozen=True)
class Campaigns(Story):
    """The mailings, the offer test and the programme of 2024."""

    mail_days: tuple[int, int] = planted(
        (740, 771), "days of the mailings: 2024-01-11 and 2024-02-11", "day", 731, 1000
    )
    mail_shares: tuple[float, float] = planted((0.30, 0.5), "members mailed in January, in February", "share", 0, 1)
    mail_cost: float = planted(1.60, "a letter", "yuan", 0.1, 20)
    voucher: float = planted(10.0, "voucher in the letter", "yuan", 0, 40)
    least_amount: float = planted(50.0, "least amount of an order on a letter or an offer", "yuan", 41, 500)
    response: tuple[float, float, float] = planted(
        (-2.9, 0.55, 0.35), "answer: level, purchase rate, attitude", "log odds", -60, 5
    )
    response_gone: float = planted(0.004, "answers of members who are lost", "probability", 0, 1)
    response_days: int = planted(21, "days within which an answer comes", "day", 1, 40)
    offer_day: int = planted(884, "day of the offer test: 2024-06-03", "day", 800, 1000)
    offer: tuple[float, float, float, float] = planted(
        (-3.3, 0.45, 0.20, 1.4), "take-up: level, purchase rate, attitude, fit with the need", "log odds", -60, 5
    )
    offer_gone: float = planted(0.05, "take-up of members who are lost, against the living", "factor", 0, 1)
    sample_cost: float = planted(1.2, "sachet sent with an offer", "yuan", 0.1, 20)
    programme_share: float = planted(0.5, "members of 2023 invited to the programme", "share", 0, 1)
    programme_effect: float = planted(0.04, "rise of each order of 2024 by the invitation", "share", -0.5, 1)
    volunteer: tuple[float, float] = planted(
        (-0.5, 0.27), "joins unasked: level, purchase rate and spending", "log odds", -5, 5
    )


@dataclass(frozen=True)
class Office(Story):
    """Office accounts: a few large ones cost more than they bring."""

    accounts: int = planted(240, "office accounts, a multiple of twelve", "account", 12, 480)
    account_size: tuple[float, float] = planted(
        (30_000.0, 0.8), "yearly revenue: median yuan, spread (log)", "", (1000, 0.1), (1_000_000, 2)
    )
    account_service: tuple[float, float, float] = planted(
        (0.38, 0.75, 1.2),
        "service as a share of revenue: level, spread (log), most",
        "share",
        (0.05, 0.05, 0.5),
        (1, 2, 3),
    )
    account_service_quantile: float = planted(
        0.855, "quantile at which the share of service is that level", "share", 0.5, 0.99
    )
    account_fit: tuple[float, float] = planted((0.5, 0.87), "effort: weight of size, rest", "sd", (0, 0), (1, 1))
    account_margin: tuple[float, float] = planted(
        (0.38, 0.03), "margin of goods: mean, spread", "share", (0.1, 0), (0.8, 0.2)
    )
    account_growth: Numbers = planted((0.94, 1.00, 1.05), "revenue of 2022, 2023, 2024", "factor", 0.5, 2)
    account_returns: tuple[float, float] = planted(
        (0.02, 0.10), "orders returned: least, more at most effort", "share", 0, 0.5
    )
    account_minutes: float = planted(120.0, "minutes of service an order", "minute", 10, 1000)
    account_heads: tuple[float, float] = planted(
        (400.0, 0.3), "revenue a head, spread of heads (log)", "", (50, 0), (5000, 2)
    )
