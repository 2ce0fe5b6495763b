"""A project says its money, its time and its name once, in shop.yml; everything else follows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.assets import charts, formats, load_specs
from bootstrap.assets.assets import Asset, contents, databases
from bootstrap.assets.identity import identity, mark, read_name, signed
from bootstrap.errors import SpecError, UsageError
from bootstrap.project import Project, current, open_project, own_folder, using
from bootstrap.semantic.loader import load_layer
from bootstrap.settings import load_settings
from bootstrap.starter import make_project
from warehouse.maps import Map

OTHER = """
name: Velo Zürich
namespace: 0a3c4d5e-0000-4000-8000-000000000001
currency: {currency}
locale: {locale}
time_zone: Europe/Zurich
"""
URLS = {"reader": "postgresql://r:x@localhost/lgs", "analyst": "postgresql://a:x@localhost/lgs"}


@pytest.fixture
def swiss(tmp_path: Path) -> Iterator[Project]:
    make_project(tmp_path / "swiss")
    (tmp_path / "swiss" / "shop.yml").write_text(OTHER.format(currency="CHF", locale="en_GB"), encoding="utf-8")
    with using(open_project(tmp_path / "swiss")) as project:
        yield project


def assets_of(project: Project) -> list[Asset]:
    layer = load_layer(project.views)
    specs = load_specs(project.superset, layer)
    return [*databases(specs, URLS), *contents(specs, {}, sql_lab=1)]


@pytest.mark.parametrize(
    ("currency", "locale", "around", "money"),
    [
        ("GBP", "en_GB", ("£", ""), "British pounds"),
        ("CHF", "en_GB", ("CHF\u00a0", ""), "Swiss francs"),
        ("EUR", "de_DE", ("", "\u00a0€"), "euros"),
        ("SEK", "sv_SE", ("", "\u00a0kr"), "Swedish kronor"),
    ],
)
def test_any_currency_has_its_sign_where_the_locale_puts_it(tmp_path, currency, locale, around, money):
    (tmp_path / "shop.yml").write_text(OTHER.format(currency=currency, locale=locale), encoding="utf-8")
    project = open_project(tmp_path)
    assert project.affixes(currency) == around
    assert project.d3_format["currency"] == list(around)
    assert project.words["money"] == money


def test_a_shop_in_francs_reads_francs_everywhere(swiss):
    layer = load_layer(swiss.views)
    sales = layer.metrics["sales"]
    assert (sales.currency, sales.unit) == ("CHF", "CHF")
    assert sales.description.startswith("Swiss francs over all lines")
    assert formats.number(sales) == "$,.2f"
    assert "CHF\u00a0{{formatNumber" in charts.scores([sales])
    specs = load_specs(swiss.superset, layer)
    assert charts.params(specs.charts["monthly_sales"], layer)["y_axis_title"] in ("Swiss francs", sales.label)
    assert specs.brand.name == specs.access.connections["reader"].name == "Velo Zürich"
    text = "\n".join(str(asset.content) for asset in assets_of(swiss)) + str(layer)
    assert "£" not in text
    assert "GBP" not in text
    assert "London" not in text
    assert "pounds" not in text.lower()


def test_a_file_is_read_in_the_money_and_the_time_of_the_project(swiss):
    assert (Map().currency, Map().time_zone) == ("CHF", "Europe/Zurich")


def test_two_projects_have_no_id_in_common(swiss):
    theirs = {(asset.kind, asset.name): asset.uuid for asset in assets_of(swiss)}
    with using(open_project(own_folder())) as project:
        ours = {(asset.kind, asset.name): asset.uuid for asset in assets_of(project)}
    assert theirs.keys() == ours.keys()
    assert not set(theirs.values()) & set(ours.values())


def test_what_one_project_marked_is_not_the_others(swiss):
    said = mark("reports", "monthly_dashboard", "0" * 12)
    assert read_name(said, "reports") == "monthly_dashboard"
    groups = signed("Roles of superset/access.yml")
    with using(open_project(own_folder())):
        assert read_name(said, "reports") is None
        assert read_name(mark("reports", "monthly_dashboard", "0" * 12), "reports") == "monthly_dashboard"
        assert signed("Roles of superset/access.yml") == "Roles of superset/access.yml" != groups


def test_a_new_project_is_the_product_under_a_name_and_ids_of_its_own(tmp_path):
    new, newer = (make_project(tmp_path / name, currency="EUR") for name in ("velo-wien", "velo-graz"))
    assert (new.name, new.currency, new.words["money"]) == ("Velo Wien", "EUR", "euros")
    assert len({new.namespace, newer.namespace, current().namespace}) == 3
    assert not (new.superset / "superset_config.py").exists()
    with pytest.raises(UsageError, match=r"velo-wien is not empty"):
        make_project(new.folder)


def test_the_ids_of_the_gift_shop_are_what_they_were():
    assert str(identity("charts", "monthly_sales")) == "1a61180b-c544-5e4e-9318-f4deda3cb4f4"
    assert str(identity("databases", "reader")) == "6208c7f0-eae5-5c4a-8799-fdd25b5bb683"


def test_the_environment_may_name_project_currency_and_time_zone(swiss, monkeypatch):
    folder = swiss.folder
    monkeypatch.setenv("LGS_CURRENCY", "EUR")
    monkeypatch.setenv("LGS_TIME_ZONE", "Europe/Paris")
    found = open_project(folder)
    assert (found.currency, found.time_zone, found.words["symbol"]) == ("EUR", "Europe/Paris", "€")


def test_another_currency_has_another_word(monkeypatch):
    monkeypatch.setenv("LGS_CURRENCY", "EUR")
    assert (current().currency, current().words["money"]) == ("EUR", "euros")


def test_each_project_keeps_its_state_in_its_own_folder(swiss, monkeypatch):
    monkeypatch.delenv("LGS_HOME", raising=False)
    assert load_settings().state == swiss.folder / ".lgs"
    with using(open_project(own_folder())):
        assert load_settings().state == Path.cwd() / ".lgs"


def test_without_a_word_it_is_the_project_of_the_product(monkeypatch):
    monkeypatch.delenv("LGS_PROJECT", raising=False)
    assert current().folder == own_folder()
    assert current().name == "London Gift Shop"


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (
            "currency: CHF",
            "currency: Franken",
            "4: currency: 'Franken' is not an ISO 4217 code; one is EUR. Correct it.",
        ),
        ("locale: en_GB", "locale: xx_YY", "locale: 'xx_YY' is not a locale"),
        ("Europe/Zurich", "Zurich", "time_zone: 'Zurich' is not a time zone"),
        ("name:", "nam:", "nam: Extra inputs are not permitted"),
        ("0a3c4d5e", "zzz", "namespace: Input should be a valid UUID"),
    ],
)
def test_a_wrong_word_is_named_with_its_line(tmp_path, right, wrong, message):
    text = OTHER.format(currency="CHF", locale="en_GB")
    assert right in text
    (tmp_path / "shop.yml").write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        open_project(tmp_path)
    assert message in str(caught.value)


def test_a_folder_without_shop_yml_is_no_project(tmp_path):
    with pytest.raises(UsageError, match="lgs init"):
        open_project(tmp_path)
