"""Key figures as cards: the newest complete month against the month before and the same month last year.

The chart's rows are the months 0, 1 and 12 months ago, so that a slice without sales in one of them never compares the
wrong months. Handlebars with Superset's helpers draws them; classes are styled by the dashboard. A change is told in
percent of the month before, and in points for a rate, of which a percentage would be one of percents.
"""

from bootstrap.project import current
from bootstrap.semantic.spec import Metric
from bootstrap.templates import render


def scores(metrics: list[Metric]) -> str:
    """The Handlebars text over rows with ``month``, ``months_ago`` and the metrics, the newest month first."""
    locale = current().locale.replace("_", "-")  # as browsers write it
    lines = render("scores.hbs", metrics=metrics, locale=locale, affixes=current().affixes).splitlines()
    return "".join(line.strip(" ") for line in lines)
