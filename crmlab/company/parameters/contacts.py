"""Contacts between firm and customers: messages and their tests, touch-points, requests, calls, complaints."""

# ruff: noqa: RUF009 (planted makes a field)

from dataclasses import dataclass

from crmlab.company.parameters.planted import Story, planted

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Messages(Story):
    """Consents, and the tests of frequency, content, channel and reward."""

    consents: Numbers = planted((0.70, 0.45, 0.12), "consent to messages, a profile, partners", "share", 0, 1)
    withdrawals: Numbers = planted((0.06, 0.04, 0.10), "of those, withdrawn", "share", 0, 1)
    most_contacts: int = planted(6, "most messages a month in the frequency test", "message", 1, 12)
    wear_out: float = planted(0.25, "share a message more takes off each message's response (k)", "log", 0, 2)
    opt_out: float = planted(0.002, "withdraws in a month with f messages: this · f²", "probability", 0, 0.02)
    base: float = planted(0.015, "buys a tasting pack in a month without a message", "probability", 0, 0.3)
    base_gone: float = planted(0.002, "the same of members who are lost", "probability", 0, 0.3)
    response_message: float = planted(0.060, "effect of f messages: this · f · exp(−k·f)", "probability", 0, 0.3)
    response_message_gone: float = planted(0.008, "the same of members who are lost", "probability", 0, 0.3)
    receptive: float = planted(0.4, "spread of effects between people", "log", 0, 2)
    base_later: float = planted(1.5, "base in the later tests against the frequency test", "factor", 0.1, 5)
    pack_profit: float = planted(24.0, "mean profit of a pack", "yuan", 1, 100)
    pack_spread: float = planted(0.35, "spread of it", "log", 0, 2)
    content_day: int = planted(974, "content test: 2024-09-01", "day", 912, 1000)
    channel_day: int = planted(1004, "channel test: 2024-10-01", "day", 912, 1060)
    reward_day: int = planted(1035, "reward test: 2024-11-01", "day", 912, 1090)
    contents: dict[str, float] = planted(
        {"none": 0.0, "price": 0.075, "story": 0.025, "advice": 0.050}, "effect of a content", "probability", 0, 0.5
    )
    content_voucher: float = planted(10.0, "what a pack bought on a price message costs in margin", "yuan", 0, 24)
    channels: dict[str, float] = planted(
        {"none": 0.0, "letter": 0.065, "text": 0.025, "wechat": 0.045}, "effect of a channel", "probability", 0, 0.5
    )
    channel_age: dict[str, float] = planted(
        {"none": 0.0, "letter": 0.35, "text": 0.0, "wechat": -0.35}, "that effect by age", "log a sd", -2, 2
    )
    gone: float = planted(0.12, "effects on members who are lost", "share", 0, 1)
    opt_in: tuple[float, float, float] = planted(
        (-1.9, 0.62, -0.45), "opts in: level, log(1 + reward), privacy concern", "log odds", -5, 5
    )
    complete: tuple[float, float] = planted((0.35, 0.12), "completes: level, log(1 + reward)", "log odds", -5, 5)
    message_costs: Numbers = planted((0.10, 0.15, 0.05), "a text, a WeChat message, a view of a screen", "yuan", 0, 10)
    attention: Numbers = planted((0.60, 0.35, 0.45, 0.03), "looked at: letter, text, wechat, screen", "share", 0, 1)


@dataclass(frozen=True)
class Touchpoints(Story):
    """Eight touch-points on the way to an order, in the order of the table."""

    importance: Numbers = planted(
        (0.04, 0.08, 0.03, 0.16, 0.34, 0.06, 0.14, 0.22), "weight in the whole", "share", 0, 1
    )
    performance: Numbers = planted((6.4, 7.3, 6.9, 7.4, 6.1, 6.0, 7.8, 7.5), "mean rating", "points, 1–10", 1, 10)
    rating: tuple[float, float] = planted(
        (0.7, 1.35), "a rating: weight of service quality, noise", "points, 1–10", 0, 4
    )
    overall: tuple[float, float] = planted((7.2, 0.45), "the whole: mean, noise", "points, 1–10", (1, 0), (10, 4))
    rated: float = planted(0.24, "active customers who rate", "share", 0, 1)
    journeys: float = planted(0.5, "members with a journey in autumn 2024", "share", 0, 1)
    moves: tuple[Numbers, ...] = planted(
        (
            (0.22, 0.24, 0.20, 0.14, 0.16, 0.04, 0.00, 0.00, 0.00, 0.00),  # start
            (0.02, 0.04, 0.12, 0.06, 0.10, 0.00, 0.00, 0.00, 0.00, 0.66),  # screen advert
            (0.00, 0.04, 0.04, 0.26, 0.08, 0.00, 0.04, 0.08, 0.00, 0.46),  # WeChat article
            (0.00, 0.04, 0.06, 0.40, 0.06, 0.02, 0.00, 0.00, 0.00, 0.42),  # web search
            (0.00, 0.02, 0.02, 0.06, 0.08, 0.04, 0.16, 0.30, 0.00, 0.32),  # web site
            (0.00, 0.02, 0.00, 0.06, 0.02, 0.02, 0.00, 0.02, 0.46, 0.40),  # store advice
            (0.00, 0.00, 0.00, 0.08, 0.16, 0.04, 0.02, 0.02, 0.10, 0.58),  # telephone
            (0.00, 0.00, 0.00, 0.08, 0.06, 0.02, 0.04, 0.46, 0.00, 0.34),  # chat
            (0.00, 0.00, 0.00, 0.03, 0.02, 0.01, 0.04, 0.00, 0.64, 0.26),  # checkout
        ),
        "from the start and from each touch-point: to each, to an order, to nothing", "probability", 0, 1,
    )  # fmt: skip


@dataclass(frozen=True)
class Requests(Story):
    """Requests of 2024: where is it, opening hours, change of box, advice, fault; by telephone, chat, store, e-mail."""

    asks: Numbers = planted(
        (0.16, 0.008, 0.05, 0.10),
        "asks: an order on line, hours (a month), a box, a store order",
        "probability",
        0,
        0.5,
    )
    help_shares: tuple[Numbers, ...] = planted(
        (
            (0.12, 0.70, 0.03, 0.15),
            (0.15, 0.75, 0.05, 0.05),
            (0.35, 0.45, 0.05, 0.15),
            (0.25, 0.25, 0.45, 0.05),
            (0.62, 0.10, 0.13, 0.15),
        ),
        "channel by reason (rows)", "share", 0, 1,
    )  # fmt: skip
    help_again: Numbers = planted((0.7, 0.15, 0.05, 0.10), "channel of those who come back", "share", 0, 1)
    resolved_by_reason: Numbers = planted((2.4, 2.8, 1.0, 0.7, -0.5), "resolved, by reason", "log odds", -5, 5)
    resolved_by_channel: Numbers = planted((0.8, 0.0, 0.5, -0.5), "resolved, by channel", "log odds", -5, 5)
    minutes_by_reason: Numbers = planted((3.0, 2.0, 5.0, 7.0, 9.0), "minutes, by reason", "minute", 0.5, 60)
    minutes_by_channel: Numbers = planted((1.0, 0.6, 1.2, 0.8), "minutes, by channel", "factor", 0.1, 5)
    minutes_spread: float = planted(0.5, "spread of minutes", "log", 0, 2)
    comes_back: float = planted(0.6, "come back if the matter is not resolved", "share", 0, 1)
    comes_back_days: float = planted(6.0, "days within which they do", "day", 1, 30)
    unknown_caller: tuple[float, float] = planted((0.6, 0.08), "callers not known: about hours, else", "share", 0, 1)
    called_back: float = planted(0.25, "repetitions in which the firm calls", "share", 0, 1)
    help_costs: Numbers = planted((2.40, 0.60, 1.00, 0.40), "a contact, besides minutes, by channel", "yuan", 0, 20)


@dataclass(frozen=True)
class Centre(Story):
    """The contact centre of 2024, at the firm's full scale; seven reasons in the order of the table."""

    calls_a_day: float = planted(430.0, "new issues on a usual day", "call", 10, 800)
    phone_lines: int = planted(60_000, "lines that may call", "line", 100, 99_000)
    roster: tuple[int, ...] = planted((6,) * 8 + (7,) * 8 + (5,) * 8, "agents on duty by half-hour", "agent", 1, 30)
    hours: Numbers = planted(
        (0.8, 1.2, 1.4, 1.3, 1.1, 0.9, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4), "calls by hour", "factor", 0.1, 3
    )
    weekdays: Numbers = planted(
        (1.15, 1.05, 1.00, 0.95, 1.00, 1.00, 0.85), "calls from Monday to Sunday", "factor", 0.1, 3
    )
    day_spread: float = planted(0.10, "spread between days", "log", 0, 1)
    call_season: float = planted(0.20, "strength of the season", "share", 0, 0.4)
    reason_shares: Numbers = planted(
        (0.27, 0.14, 0.13, 0.10, 0.12, 0.15, 0.09), "new issues by reason", "share", 0.01, 1
    )
    reason_minutes: Numbers = planted((3.2, 3.6, 4.4, 5.0, 6.5, 6.0, 5.2), "talk by reason", "minute", 0.5, 30)
    reason_settled: Numbers = planted(
        (0.84, 0.92, 0.80, 0.74, 0.70, 0.97, 0.88), "truly settled by reason", "probability", 0, 1
    )
    reason_sale: Numbers = planted((0.00, 0.00, 0.00, 0.00, 0.04, 0.42, 0.25), "ends in a sale", "probability", 0, 1)
    reason_margin: Numbers = planted((0.0, 0.0, 0.0, 0.0, 30.0, 38.0, 45.0), "mean margin of a sale", "yuan", 0, 300)
    reason_worth: Numbers = planted(
        (1.9, 3.6, 1.7, 2.2, 4.1, 4.5, 2.7), "worth the call to the caller", "points, 1–5", 1, 5
    )
    talk_spread: float = planted(0.6, "spread of a talk", "log", 0, 2)
    calls_again: float = planted(0.8, "call again if not settled", "share", 0, 1)
    again_days: float = planted(5.0, "days within which they do", "day", 1, 30)
    wrong_tick: float = planted(0.65, "an agent ticks “resolved” though it was not", "share", 0, 1)
    right_tick: float = planted(0.98, "an agent ticks “resolved” if it was", "share", 0, 1)
    call_asked: float = planted(0.30, "callers asked whether it was worth it", "share", 0, 1)
    worth_repeat: float = planted(0.8, "a repeated call is worth less", "points, 1–5", 0, 4)
    worth_noise: float = planted(0.9, "spread of that answer", "points, 1–5", 0, 4)


@dataclass(frozen=True)
class Waiting(Story):
    """What waiting costs: a test of October 2024."""

    waiting_callers: int = planted(8_000, "callers in the test", "caller", 100, 20_000)
    extra_wait: tuple[int, ...] = planted((0, 60, 120, 240), "extra wait by lot", "second", 0, 600)
    stays_base: tuple[float, float, float, float] = planted(
        (0.74, 0.08, 0.40, 0.95),
        "stays without it: mean, spread, least, most",
        "probability",
        (0.2, 0, 0, 0.5),
        (0.95, 0.5, 0.5, 1),
    )
    stay_lost: float = planted(0.015, "staying lost by a minute", "probability", 0, 0.1)
    waiting_mood: tuple[float, float] = planted(
        (8.2, 1.0), "satisfaction without it: mean, spread", "points, 1–10", (1, 0), (10, 4)
    )
    satisfaction_lost: float = planted(0.50, "satisfaction lost by a minute", "points, 1–10", 0, 3)
    stayer_margin: float = planted(130.0, "margin of six months of a caller who stays", "yuan", 10, 1000)


@dataclass(frozen=True)
class Complaints(Story):
    """Complaints as the firm hears of them. Causes: late or lost, crushed, wrong item, stale, billing, rude."""

    cause_shares: tuple[Numbers, ...] = planted(
        (
            (0.42, 0.20, 0.16, 0.02, 0.13, 0.07),
            (0.27, 0.24, 0.17, 0.14, 0.08, 0.10),
            (0.08, 0.10, 0.09, 0.45, 0.10, 0.18),
        ),
        "cause by severity (rows)", "share", 0, 1,
    )  # fmt: skip
    cause_crisis: Numbers = planted(
        (0.85, 0.05, 0.03, 0.02, 0.02, 0.03), "cause while the courier fails", "share", 0, 1
    )
    coder_error: float = planted(0.18, "the second coder names another cause, evenly", "share", 0, 1)
    coded_twice: float = planted(0.35, "complaints coded twice", "share", 0, 1)
    complaint_channels: Numbers = planted((0.46, 0.34, 0.14, 0.06), "telephone, WeChat, shop, letter", "share", 0.01, 1)
    channel_days: Numbers = planted((3.0, 2.0, 1.2, 9.0), "mean days to close severity 2, by channel", "day", 0.1, 60)
    severity_days: Numbers = planted((0.7, 1.0, 1.5), "days by severity", "factor", 0.1, 5)
    crisis_days: float = planted(2.0, "days while the courier fails", "factor", 0.5, 10)
    opened_days: float = planted(3.0, "days until a complaint is opened", "day", 1, 30)
    complaint_answers: float = planted(0.72, "answer the questions after it is closed", "share", 0, 1)
    compensation: tuple[float, float, float] = planted(
        (0.0, 20.0, 50.0), "apology, voucher 20, voucher 50", "yuan", 0, 200
    )
    outcome_item: tuple[float, float, float] = planted(
        (1.4, 5.2, 0.9), "outcome: level, share put right, noise", "points, 1–7", (0, 0, 0), (7, 7, 3)
    )
    process_item: tuple[float, float, float] = planted(
        (6.0, 0.35, 0.8), "process: level, a day (less), noise", "points, 1–7", (0, 0, 0), (7, 2, 3)
    )
    manner_item: tuple[float, float] = planted((4.6, 1.3), "manner: level, noise", "points, 1–7", (0, 0), (7, 4))
    justice: dict[str, float] = planted(
        {"level": 4.0, "outcome": 5.5, "process": 2.5, "manner": 4.0, "noise": 9.0},
        "satisfaction with handling, 0–100, by a point of each rating", "points, 0–100", 0, 20,
    )  # fmt: skip
    buy_again: dict[str, float] = planted(
        {"level": 3.0, "satisfaction": 0.055, "noise": 1.3}, "“will you buy again?”, 0–10", "points, 0–10", 0, 10
    )
    stayed_days: int = planted(90, "days within which an order shows that she stayed", "day", 30, 365)
    checked: float = planted(0.14, "orders and boxes checked by telephone", "share", 0, 1)
