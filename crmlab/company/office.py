"""Office service: 240 accounts with contracts, drawn jointly so that a few large ones cost more than they bring.

Sizes are exact quantiles; within each block of twelve accounts of like size every twelfth of the
distribution of service effort occurs once. Large accounts with many small orders and returns lose money.
"""

import numpy as np
import pandas as pd
from scipy import special

from crmlab.company.world import World, stage

INDUSTRIES = ("finance", "technology", "law", "education", "health", "manufacturing")
YEARS = (2022, 2023, 2024)


@stage("accounts")
def accounts(world: World) -> pd.DataFrame:
    """One row an account and year: revenue, margin, orders, returns, minutes of service; in fen."""
    p = world.parameters
    n = p.accounts
    ids = np.arange(n)
    rank = world.uniform("account size", ids).argsort().argsort()
    size = special.ndtri((rank + 0.5) / n)
    block = 12
    service = np.empty(n)
    by_size = rank.argsort()
    quantiles = special.ndtri((np.arange(block) + 0.5) / block)
    for b in range(n // block):
        members = by_size[b * block : (b + 1) * block]
        service[members] = quantiles[world.uniform("account service", members).argsort()]
    revenue = p.account_size[0] * np.exp(p.account_size[1] * size)
    level, spread, most = p.account_service
    share = level * np.exp(-spread * special.ndtri(p.account_service_quantile))
    share = np.minimum(share * np.exp(spread * (0.5 * size + 0.87 * service)), most)
    margin = p.account_margin[0] + p.account_margin[1] * world.normal("account margin", ids)
    frames = []
    for year, growth in zip(YEARS, p.account_growth, strict=True):
        paid = np.round(100 * revenue * growth).astype(np.int64)
        minutes = np.round(paid / 100 * share / p.service_rate).astype(np.int64)
        return_rate = 0.02 + 0.10 * share / most
        placed = np.maximum(np.round(minutes / 120), 1).astype(np.int64)
        frames.append(
            pd.DataFrame(
                {
                    "account": ids,
                    "year": year,
                    "revenue_fen": paid,
                    "cost_fen": np.round(paid * (1 - margin)).astype(np.int64),
                    "orders": placed,
                    "returns": np.round(placed * return_rate).astype(np.int64),
                    "service_minutes": minutes,
                }
            )
        )
    frame = pd.concat(frames, ignore_index=True)
    frame["industry"] = np.tile(world.choice("account industry", ids, np.ones(len(INDUSTRIES))), len(YEARS))
    frame["city"] = np.tile(world.choice("account city", ids, p.city_shares), len(YEARS))
    heads = np.maximum(np.round(revenue / 400 * np.exp(0.3 * world.normal("account heads", ids))), 5)
    frame["headcount"] = np.tile(heads.astype(int), len(YEARS))
    return frame
