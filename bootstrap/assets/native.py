"""What Superset is told of charts and of objects, key by key: ``native.yml`` and ``objects.yml``."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

Native = dict[str, Any]


def _read(name: str) -> dict[str, Native]:
    found: dict[str, Native] = yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return found


CHARTS, OBJECTS = _read("native.yml"), _read("objects.yml")


def told(kind: str, **values: Any) -> Native:
    """An object of ``objects.yml`` with these values."""
    return deepcopy(OBJECTS[kind]) | values


def filled(template: Native, values: Native) -> Native:
    """The template with a value for each ``$name``, or for ``$name.0`` the first of its values."""
    return {key: _value(said, values) for key, said in template.items()}


def _value(said: Any, values: Native) -> Any:
    if not isinstance(said, str) or not said.startswith("$"):
        return said
    name, _, index = said[1:].partition(".")
    return values[name][int(index)] if index else values[name]
