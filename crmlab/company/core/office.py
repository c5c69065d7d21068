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
    n = p.office.accounts
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
    revenue = p.office.account_size[0] * np.exp(p.office.account_size[1] * size)
    level, spread, most = p.office.account_service
    share = level * np.exp(-spread * special.ndtri(p.office.account_service_quantile))
    share = np.minimum(
        share * np.exp(spread * (p.office.account_fit[0] * size + p.office.account_fit[1] * service)), most
    )
    margin = p.office.account_margin[0] + p.office.account_margin[1] * world.normal("account margin", ids)
    frames = []
    for year, growth in zip(YEARS, p.office.account_growth, strict=True):
        paid = np.round(100 * revenue * growth).astype(np.int64)
        minutes = np.round(paid / 100 * share / p.retail.service_rate).astype(np.int64)
        return_rate = p.office.account_returns[0] + p.office.account_returns[1] * share / most
        placed = np.maximum(np.round(minutes / p.office.account_minutes), 1).astype(np.int64)
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
    frame["city"] = np.tile(world.choice("account city", ids, p.people.city_shares), len(YEARS))
    each, wide = p.office.account_heads
    heads = np.maximum(np.round(revenue / each * np.exp(wide * world.normal("account heads", ids))), 5)
    frame["headcount"] = np.tile(heads.astype(int), len(YEARS))
    return frame
