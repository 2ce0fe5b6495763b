"""The way that this replaces: the dump into PostgreSQL with psql, the table into pandas, and the analyses there."""

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import create_engine

SEGMENTS = {
    r"[1-2][1-2]": "Hibernating",
    r"[1-2][3-4]": "At Risk",
    r"[1-2]5": "Can't Lose",
    r"3[1-2]": "About to Sleep",
    r"33": "Need Attention",
    r"[3-4][4-5]": "Loyal Customers",
    r"41": "Promising",
    r"51": "New Customers",
    r"[4-5][2-3]": "Potential Loyalists",
    r"5[4-5]": "Champions",
}


@dataclass(frozen=True)
class Findings:
    """What the notebooks print, as tables."""

    amounts: pd.DataFrame
    months: pd.DataFrame
    rfm: pd.DataFrame
    segments: pd.DataFrame


def analyse(url: str) -> Findings:
    """Read ``public.retail`` and answer the notebooks' questions."""
    lines = pd.read_sql("select * from public.retail", create_engine(url))
    lines["amount"] = lines["quantity"] * lines["unit_price"]
    lines["month"] = lines["invoice_date"].dt.to_period("M")
    rfm = _rfm(lines)
    segments = rfm.groupby("segment")[["recency", "frequency", "monetary"]].agg(["mean", "count"])
    return Findings(_amounts(lines), _months(lines), rfm, segments)


def _amounts(lines: pd.DataFrame) -> pd.DataFrame:
    """Distribution of invoice amounts: all, and the first 85 %."""
    sold = lines[(lines["quantity"] > 0) & (lines["unit_price"] > 0)]
    amounts = sold.groupby("invoice_no")["amount"].sum()
    first = amounts[amounts <= amounts.quantile(0.85)]
    return pd.DataFrame({name: _distribution(part) for name, part in (("all", amounts), ("first 85 %", first))})


def _distribution(amounts: "pd.Series[float]") -> dict[str, float]:
    figures = amounts.agg(["count", "min", "max", "mean", "median"])
    return {str(name): float(value) for name, value in figures.items()} | {"mode": float(amounts.mode().iloc[0])}


def _months(lines: pd.DataFrame) -> pd.DataFrame:
    """Orders placed and cancelled, sales, growth, and active, new and existing customers of each month."""
    is_cancelled = lines["invoice_no"].str.startswith("C")
    total = lines.groupby("month")["invoice_no"].nunique()
    cancelled = lines[is_cancelled].groupby("month")["invoice_no"].nunique()
    sales = lines.groupby("month")["amount"].sum()
    bought = lines[["customer_id", "month"]].dropna().drop_duplicates()
    is_new = bought["month"] == bought.groupby("customer_id")["month"].transform("min")
    return pd.DataFrame(
        {
            "placed": total - 2 * cancelled,
            "cancelled": cancelled,
            "sales": sales,
            "growth": sales.pct_change() * 100,
            "active": bought.groupby("month").size(),
            "new": bought[is_new].groupby("month").size(),
            "existing": bought[~is_new].groupby("month").size(),
        }
    )


def _rfm(lines: pd.DataFrame) -> pd.DataFrame:
    """Recency, frequency, monetary, scores and segment of each customer."""
    bought = lines.dropna(subset=["customer_id", "description"])
    bought = bought[(bought["quantity"] > 0) & (bought["amount"] > 0)]
    as_of = (lines["month"].max() + 1).to_timestamp()
    rfm = bought.groupby("customer_id").agg(
        last=("invoice_date", "max"), frequency=("invoice_no", "nunique"), monetary=("amount", "sum")
    )
    rfm["recency"] = (as_of - rfm.pop("last")).dt.days
    rfm["r"] = pd.qcut(rfm["recency"], 5, labels=[5, 4, 3, 2, 1])
    rfm["f"] = pd.qcut(rfm["frequency"].rank(method="first"), 5, labels=[1, 2, 3, 4, 5])
    rfm["m"] = pd.qcut(rfm["monetary"], 5, labels=[1, 2, 3, 4, 5])
    rfm["segment"] = rfm["r"].astype(str) + rfm["f"].astype(str)
    return rfm.replace({"segment": SEGMENTS}, regex=True)
