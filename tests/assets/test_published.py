"""What a publish says: short, and whatever somebody may miss by name."""

from bootstrap.assets import Published
from bootstrap.assets.plan import Plan
from bootstrap.assets.resource import Change, Orphan

MANY = tuple(Change("create", f"chart c{number}", f"chart c{number}") for number in range(30))
RULE = Change("create", "row rule Own country", "row rule Own country")
DRIFT = Change("update", "chart sales", "chart sales", ("slice_name",), drift=True)
DELETED = Change("restore", "chart growth", "chart growth", drift=True)
PRUNED = Change("prune", "chart old", "chart 'Old'")


def test_a_first_publish_is_summed_up() -> None:
    done = Published(Plan({"contents": MANY, "row rules": (RULE,)}))
    assert done.lines() == [
        "Superset: 31 created, 0 updated, 0 pruned, 0 unchanged.",
        "  created   30 charts",
        "  created   1 row rule",
        "  Table warehouse.publish has them all; --verbose lists them.",
    ]
    assert "  created   chart c7" in done.lines(verbose=True)


def test_drift_and_removals_are_named_in_a_summary_too() -> None:
    plan = Plan({"contents": (*MANY, DRIFT, DELETED, PRUNED)})
    assert Published(plan, planned=True).lines() == [
        "Plan for Superset: 30 to create, 2 to update, 1 to prune, 0 unchanged.",
        "  create    30 charts",
        "  update    chart sales: slice_name (changed manually; to be restored)",
        "  restore   chart growth (deleted in Superset; to be restored)",
        "  prune     chart 'Old'",
        "  --verbose lists them.",
        "1 changed manually and 1 deleted in Superset since the last publish, to be restored.",
    ]


def test_what_people_use_is_named_with_its_owner() -> None:
    plan = Plan({"contents": MANY[:1]}, orphans=(Orphan("dataset 'old'", ("chart 'Mine' of Ada L",)),))
    assert Published(plan, planned=True).lines()[-1] == (
        "Left the specs, but is used: dataset 'old', used by chart 'Mine' of Ada L. "
        "A publish stops here unless --orphan keeps it as retired."
    )
