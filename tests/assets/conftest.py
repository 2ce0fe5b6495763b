"""The running shop, a copy of its specs to change, and its Superset as an administrator sees it."""

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from bootstrap.assets import Published, Site, publish
from bootstrap.assets.client import Client
from bootstrap.progress import Progress
from bootstrap.project import current
from bootstrap.runs import site_of
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.spec import Layer
from tests.assets.people import Person
from tests.conftest import Shop

Publish = Callable[..., Published]


def silent() -> Progress:
    return Progress(Console(file=io.StringIO()))


@pytest.fixture(scope="session")
def layer() -> Layer:
    return load_layer(current().views)


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A copy of superset/ that a test may change."""
    return Path(shutil.copytree(current().superset, tmp_path / "specs"))


@pytest.fixture(scope="session")
def site(shop: Shop) -> Site:
    return site_of(shop.stack)


@pytest.fixture(scope="session")
def admin(site: Site) -> Client:
    return Client(site.url, site.username, site.password)


@pytest.fixture
def marketer(shop: Shop) -> Person:
    return Person.sign_in(shop.stack.superset_url, "marketing", shop.stack.credentials.users["marketing"])


@pytest.fixture
def publish_specs(site: Site, layer: Layer) -> Iterator[Publish]:
    """Publishes a folder of specs; afterwards the site is again as superset/ says."""

    def run(folder: Path, **options: bool) -> Published:
        return publish(site, layer, specs=folder, progress=silent(), **options)

    yield run
    run(current().superset)
