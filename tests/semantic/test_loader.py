"""What is wrong in views/ is said with file, line, field and the nearest valid name."""

import shutil
from pathlib import Path

import pytest

from bootstrap.errors import SpecError
from bootstrap.project import current
from bootstrap.semantic.loader import GENERATED, load_layer


@pytest.fixture
def views(tmp_path) -> Path:
    return Path(shutil.copytree(current().views, tmp_path / "views"))


def edit(path: Path, old: str, new: str) -> int:
    """Replace ``old``, and say on which line it stood."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def refusal(views: Path) -> SpecError:
    with pytest.raises(SpecError) as caught:
        load_layer(views)
    return caught.value


def test_each_relation_follows_those_it_reads(layer):
    seen = set()
    for twin in layer.twins:
        assert {name for name in twin.reads if not name.startswith("warehouse.")} <= seen | GENERATED
        seen.add(twin.relation)


def test_a_twin_is_found_with_and_without_its_schema(layer):
    assert layer.twin("kpi") is layer.twin("mart.kpi")
    assert layer.twin("rollup.month").schema_name == "rollup"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("mart/kpi.yml", "owner: Marketing", "ownr: Marketing", ['"ownr" is not a field', 'Did you mean "owner"']),
        ("mart/kpi.yml", "kind: stored", "kind: storde", ["kind", "'view' or 'stored'", "storde"]),
        ("mart/sales_month.yml", "  - cancelled_value\n", "  - canceled_value\n", ['mean "cancelled_value"']),
        ("mart/sales_month.yml", "  - goods_per_customer", "  - goods_per_costumer", ['mean "goods_per_customer"']),
        ("mart/kpi.yml", "time: month", "time: mnth", ['"mnth" is not a column of mart.kpi', 'mean "month"']),
        ("mart/kpi.yml", "key: [month, kpi]", "key: [month, kpis]", ['mean "kpi"']),
        ("mart/kpi.yml", "    label: Order", "    lable: Order", ['"lable"', 'mean "label"']),
        ("metrics.yml", '  format: ",.2f"', '  formt: ",.2f"', ['"formt"', 'mean "format"']),
        ("columns.yml", "  label: Month", "  label: Month\n  label: Mon", ["stands twice"]),
        ("mart/kpi.yml", "time: month", "time: [month", ["Fix the YAML"]),
    ],
)  # fmt: skip
def test_a_wrong_word_is_named_with_its_place(views, file, old, new, says):
    line = edit(views / file, old, new)
    error = refusal(views)
    assert error.path == views / file
    assert error.line in range(line, line + 3)
    for part in says:
        assert part in str(error)


def test_a_missing_field_is_named(views):
    edit(views / "mart/kpi.yml", "owner: Marketing\n", "")
    error = refusal(views)
    assert 'the field "owner" is missing' in str(error)
    assert error.path == views / "mart/kpi.yml"


@pytest.mark.parametrize("suffix", [".sql", ".yml"])
def test_half_a_twin_is_refused(views, suffix):
    (views / "mart/kpi").with_suffix(suffix).unlink()
    assert f"its twin kpi{suffix} is missing" in str(refusal(views))


def test_a_description_without_its_grain_is_refused(views):
    edit(views / "mart/kpi.yml", "One row per month and key figure.", "By month.")
    assert "must end in the grain" in str(refusal(views))


def test_an_unknown_relation_is_named_with_its_line(views):
    line = edit(views / "mart/kpi.sql", "mart.customer_month", "mart.custmer_month")
    error = refusal(views)
    assert (error.path, error.line) == (views / "mart/kpi.sql", line)
    assert 'Did you mean "mart.customer_month"?' in str(error)


def test_a_circle_is_shown(views):
    edit(views / "mart/customer_month.sql", "mart.rfm_history", "mart.kpi")
    assert "mart.kpi <- mart.customer_month" in str(refusal(views)) or "mart.customer_month <- mart.kpi" in str(
        refusal(views)
    )


@pytest.mark.parametrize(
    ("relation", "before", "after", "says"),
    [
        (
            "rollup/invoice_month",
            "kept_by: [month, ",
            "kept_by: [mnth, ",
            '"mnth" is not a column',
        ),
        ("mart/rfm_history", "kept_by: [month]", "kept_by: [month, customer_id]", "kept by one column can look back"),
        ("mart/product_month", "adds_up: lines", "adds_up: lnes", '"lnes" is not a column of mart.product_month'),
        (
            "mart/kpi",
            "kind: stored",
            "kind: stored\nadds_up: kpi_order",
            "say by kept_by over what its measures are sums",
        ),
        ("mart/sales_line", "kind: view", "kind: view\nkept_by: [month]", "only a stored relation is kept"),
        ("mart/product_month", "mart.rfm_customer: w", "mart.kpi: w", "both have to be relations that the SQL reads"),
        (
            "mart/cancellation_month",
            "joins: [mart.product_month]",
            "joins: [mart.kpi]",
            '"mart.kpi" is not a relation',
        ),
    ],
)
def test_how_a_relation_is_kept_has_to_fit_it(views, relation, before, after, says):
    edit(views / f"{relation}.yml", before, after)
    assert says in str(refusal(views))


def test_a_metric_needs_its_columns(views):
    edit(views / "mart/kpi.yml", "metrics: [", "metrics: [sales, ")
    error = refusal(views)
    assert 'the metric "sales" needs a column "sales"' in str(error)
    assert error.field == "metrics.0"


def test_no_metric_sums_a_distinct_count_over_months(views):
    edit(
        views / "metrics.yml",
        "case when min(month) = max(month) then nullif(sum(active_customers), 0) end",
        "sum(active_customers)",
    )
    assert 'sums "active_customers", which means something only within one "month"' in str(refusal(views))


def test_no_metric_sums_what_has_no_sum(views):
    edit(views / "metrics.yml", "expression: avg(recency)", "expression: sum(recency)")
    assert 'sums "recency", whose sum over rows means nothing' in str(refusal(views))


def test_no_two_columns_share_their_words(views):
    text = (views / "mart/kpi.yml").read_text(encoding="utf-8")
    (views / "mart/kpi.yml").write_text(
        text.replace("Whether the month is the newest complete one.", "The key figure in the month."), encoding="utf-8"
    )
    assert "has the words of another column" in str(refusal(views))


def test_what_nobody_lists_is_refused(views):
    with (views / "columns.yml").open("a", encoding="utf-8") as file:
        file.write("spare:\n  label: Spare\n  description: Nobody lists it.\n")
    assert "spare: no relation lists it" in str(refusal(views))
