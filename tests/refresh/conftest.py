"""The layer, read once."""

import pytest

from bootstrap.semantic.loader import load_layer
from bootstrap.semantic.spec import Layer
from bootstrap.settings import data_folder


@pytest.fixture(scope="module")
def layer() -> Layer:
    return load_layer(data_folder("views"))
