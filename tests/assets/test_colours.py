"""The colours of the shop's labels hold on dashboards that people make."""

import json

import pytest

from bootstrap.assets.client import Client
from bootstrap.project import current

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("own", [{}, {"Champions": "#000000"}])
def test_an_own_dashboard_has_the_colours_of_the_shop_unless_it_says_otherwise(
    admin: Client, own: dict[str, str]
) -> None:
    body = {"dashboard_title": "Own", "json_metadata": json.dumps({"label_colors": own})}
    number = admin.post("/api/v1/dashboard/", body)["id"]
    found = json.loads(admin.get(f"/api/v1/dashboard/{number}")["result"]["json_metadata"])["label_colors"]
    admin.delete(f"/api/v1/dashboard/{number}")
    segments = current().colours
    assert found["Champions"] == own.get("Champions", segments["Champions"])
    assert found["At Risk"] == segments["At Risk"]
