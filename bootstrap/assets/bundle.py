"""Packs assets for Superset's import API: those to send, and those to put back."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from bootstrap.assets.assets import VERSION, Asset
from bootstrap.assets.live import Live

Native = dict[str, Any]


def _packed(files: Mapping[str, Native]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"metadata.yaml": {"version": VERSION, "type": "assets"}, **files}.items():
            archive.writestr(f"lgs/{name}", yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return buffer.getvalue()


def bundle(chosen: Iterable[Asset]) -> tuple[bytes, dict[str, str]]:
    """The zip for the import API, and the passwords that travel beside it."""
    chosen = list(chosen)
    passwords = {asset.file: asset.password for asset in chosen if asset.password}
    return _packed({asset.file: asset.sealed() for asset in chosen}), passwords


def restoring(sent: Iterable[Asset], live: Live) -> tuple[bytes, dict[str, str]]:
    """The zip that puts those assets back that were there before; Superset keeps the passwords that it has."""
    return _packed({asset.file: before for asset in sent if (before := live.find(asset))}), {}
