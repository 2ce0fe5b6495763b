"""Moves between segments and what segments did next, on the real data, against pandas as an independent witness."""

import re
from datetime import date

import numpy as np
import pandas as pd
import pytest

from tests.semantic import test_real_data as known

pytestmark = pytest.mark.realdata
lines, goods = known.lines, known.goods

LAST_WHOLE_DAY = pd.Timestamp(2011, 12, 8)
PATTERNS = {
    "[1-2][1-2]": "Hibernating",
    "[1-2][3-4]": "At Risk",
    "[1-2]5": "Can't Lose",
    "3[1-2]": "About to Sleep",
    "33": "Need Attention",
    "[3-4][4-5]": "Loyal Customers",
    "41": "Promising",
    "51": "New Customers",
    "[4-5][2-3]": "Potential Loyalists",
    "5[4-5]": "Champions",
}
SEGMENTS = {
    (r, f): next(name for pattern, name in PATTERNS.items() if re.fullmatch(pattern, f"{r}{f}"))
    for r in range(1, 6)
    for f in range(1, 6)
}
EDGES = [0.2, 0.4, 0.6, 0.8]


def segments_of(r: np.ndarray, f: pd.Series) -> pd.Series:
    return pd.Series([SEGMENTS[pair] for pair in zip(r, f, strict=True)], index=f.index)


@pytest.fixture(scope="module")
def month_ends(lines) -> dict[pd.Timestamp, pd.DataFrame]:
    """Recency, scores and segment of every customer at each month's end, by month."""
    rfm = lines[
        lines["customer_id"].notna() & lines["description"].notna() & (lines["quantity"] > 0) & (lines["amount"] > 0)
    ].astype({"customer_id": int})
    at = rfm["invoice_at"].dt.to_period("M").dt.to_timestamp()
    newest = rfm.groupby([at, "customer_id"])["invoice_at"].max().unstack("invoice_at").ffill(axis=1)
    first = rfm.assign(at=at).sort_values("at").drop_duplicates(["customer_id", "invoice_no"])
    invoices = first.groupby(["customer_id", "at"]).size().unstack("at", fill_value=0).cumsum(axis=1)
    found = {}
    for month in newest.columns:
        last = newest[month].dropna()
        recency = (month + pd.offsets.MonthBegin() - last).dt.days
        end = pd.DataFrame({"recency": recency, "last": last}).sort_index()
        end["r"] = 5 - np.searchsorted(end["recency"].quantile(EDGES), end["recency"])
        end["f"] = known.groups(invoices[month].loc[end.index].rank(method="first"), [1, 2, 3, 4, 5])
        end["segment"] = segments_of(end["r"], end["f"])
        found[month] = end
    return found


def test_moves_and_their_reasons_are_those_of_pandas(mart, month_ends):
    wanted = {}
    for month, end in month_ends.items():
        before = month_ends.get(month - pd.offsets.MonthBegin())
        if before is None:
            continue
        both = end.join(before, how="inner", rsuffix="_before")
        moved = both[both["segment"] != both["segment_before"]]
        r_by_time = 5 - np.searchsorted(before["recency"].quantile(EDGES), moved["recency"])
        by_time = segments_of(r_by_time, moved["f_before"])
        reason = np.select(
            [moved["last"] >= month, by_time == moved["segment"], by_time == moved["segment_before"]],
            ["Bought", "Time passed", "Others moved the bar"],
            "Both",
        )
        for row, why in zip(moved.itertuples(), reason, strict=True):
            wanted[(month.date(), row.Index)] = (row.segment_before, row.segment, why)
    found = known.table(mart, "select * from mart.customer_move")
    assert {
        (row.month, row.customer_id): (row.segment_before_month, row.segment_at_month_end, row.moved_because)
        for row in found.itertuples()
    } == wanted
    november = [move for (month, _), move in wanted.items() if month == date(2011, 11, 1)]
    to_at_risk = pd.Series([why for *pair, why in november if pair == ["Loyal Customers", "At Risk"]])
    assert to_at_risk.value_counts().to_dict() == {"Others moved the bar": 41, "Time passed": 30, "Both": 3}
    total = known.table(mart, "select sum(moves) as moves from mart.segment_move_month")
    assert int(total["moves"][0]) == len(wanted) == 30_608


def test_outcomes_are_those_of_pandas(mart, month_ends, goods):
    sold = goods[goods["is_sold"] & goods["customer_id"].notna()].astype({"customer_id": int})
    days = sold.groupby(["customer_id", sold["invoice_at"].dt.normalize().rename("day")])["amount"].sum().reset_index()
    found = known.table(
        mart,
        "select month, segment_at_month_end as segment, "
        + ", ".join(
            f"sum(known_{n}_days)::int as known_{n}, sum(not_over_{n}_days)::int as not_over_{n}, "
            f"sum(ordered_within_{n}_days)::int as ordered_{n}, "
            f"(sum(goods_within_{n}_days) * 1000)::bigint as goods_{n}"
            for n in (30, 90, 180)
        )
        + " from mart.segment_outcome group by 1, 2",
    ).set_index(["month", "segment"])
    compared = 0
    for month, end in month_ends.items():
        midnight = month + pd.offsets.MonthBegin()
        for n in (30, 90, 180):
            over = midnight + pd.Timedelta(days=n - 1) <= LAST_WHOLE_DAY
            within = days[(days["day"] >= midnight) & (days["day"] < midnight + pd.Timedelta(days=n))]
            amount = within.groupby("customer_id")["amount"].sum().reindex(end.index)
            for segment, bought in amount.groupby(end["segment"]):
                row = found.loc[(month.date(), segment)]
                held = (len(bought), 0, bought.count(), bought.sum()) if over else (0, len(bought), None, None)
                values = [row[f"{name}_{n}"] for name in ("known", "not_over", "ordered", "goods")]
                assert [None if pd.isna(value) else int(value) for value in values] == [*held], (month, segment, n)
                compared += 1
    assert compared == 3 * len(found)
    rates = known.table(
        mart,
        "select sum(ordered_within_90_days)::float / sum(known_90_days) as rate from mart.segment_outcome"
        " where segment_at_month_end = 'At Risk' and complete_month_number <= 12",
    )
    assert round(rates["rate"][0], 3) == 0.234


def test_order_sizes_and_tenures_are_those_of_pandas(mart, goods):
    sold = goods[goods["is_sold"] & goods["customer_id"].notna()].astype({"customer_id": int})
    days = sold.groupby(["customer_id", sold["invoice_at"].dt.normalize().rename("day")])["quantity"].sum()
    found = known.table(mart, "select * from mart.customer_class order by customer_id").set_index("customer_id")
    median = days.groupby("customer_id").median().reindex(found.index)
    first = days.reset_index("day").groupby("customer_id")["day"].min().reindex(found.index)
    age = (LAST_WHOLE_DAY - first).dt.days.clip(lower=0)
    size = np.select([median.isna(), median >= 100], ["No order", "Wholesaler"], "Consumer")
    tenure = np.select(
        [age.isna(), age < 182, age < 365], ["No order", "Under 6 months", "6 to 12 months"], "Over 12 months"
    )
    assert list(found["order_size"]) == list(size)
    assert list(found["tenure"]) == list(tenure)
    assert (found["order_size"] == "Wholesaler").sum() > 4000
