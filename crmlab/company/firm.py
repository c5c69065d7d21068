"""The firm's calendar, places and lists of names: the dimensions of the tables, not what is planted in them."""

from functools import cache
from typing import Any

import pandas as pd
from numpy.typing import NDArray

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
PROMOTIONS = ("none", "mailing 2024-01", "mailing 2024-02", "offer 2024-06")
BOXES = ("small", "classic", "large")
PLANS = ("month to month", "automatic")
SOURCES = ("referral", "walk-in", "web search", "wechat", "event")


@cache
def month_days() -> NDArray[Any]:
    """First day number of each of the 36 months, and the day after the last."""
    starts = pd.date_range(FIRST_DAY, periods=MONTHS + 1, freq="MS")
    return (starts - pd.Timestamp(FIRST_DAY)).days.to_numpy()
