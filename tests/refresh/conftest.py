"""The layer, read once."""

import pytest

from bootstrap.project import current
from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.spec import Layer


@pytest.fixture(scope="module")
def layer() -> Layer:
    return load_layer(current().views)
