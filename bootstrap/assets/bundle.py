"""Packs objects for Superset's import API."""

import io
import zipfile
from collections.abc import Mapping

import yaml

from bootstrap.assets.native import OBJECTS
from bootstrap.assets.resource import Form


def packed(files: Mapping[str, Form]) -> bytes:
    """The zip of these objects, by the path of their files such as ``charts/monthly_sales.yaml``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {
            "metadata.yaml": {"version": OBJECTS["object"]["version"], "type": "assets"},
            **files,
        }.items():
            archive.writestr(f"lgs/{name}", yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return buffer.getvalue()
