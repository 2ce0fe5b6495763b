"""Makes the folder of a new project: a copy of the one that comes with the product, under a name and ids of its own."""

import json
import re
import shutil
from pathlib import Path
from uuid import uuid4

from babel.numbers import is_currency

from bootstrap.errors import UsageError
from bootstrap.project import FILE, Project, open_project, own_folder

FOLDERS = ("views", "superset")
_LEFT_OUT = shutil.ignore_patterns("superset_config.py", "__pycache__")  # Superset's configuration is the product's


def make_project(folder: Path, *, name: str | None = None, currency: str | None = None) -> Project:
    """Write ``folder``; the project in it. Raises ``UsageError`` for one that holds something already."""
    folder = folder.expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty. Name a new folder, or go on with: lgs --project {folder} up")
    if currency and not is_currency(currency):
        raise UsageError(f"{currency!r} is not an ISO 4217 code; one is EUR. Correct --currency.")
    own = own_folder()
    try:
        for part in FOLDERS:
            shutil.copytree(own / part, folder / part, ignore=_LEFT_OUT)
        text = (own / FILE).read_text(encoding="utf-8")
        (folder / FILE).write_text(_renamed(text, name or _title(folder), currency), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}). Name another folder.") from error
    return open_project(folder)


def _title(folder: Path) -> str:
    return folder.name.replace("-", " ").replace("_", " ").strip().title() or "Shop"


def _renamed(text: str, name: str, currency: str | None) -> str:
    """``shop.yml`` with its own name and ids, and no word for a money that may be another."""
    values = {"name": json.dumps(name, ensure_ascii=False), "namespace": str(uuid4())}
    if currency:
        values["currency"] = currency
        text = re.sub(r"(?m)^money: .*\n", "", text)
    for key, value in values.items():
        text = re.sub(rf"(?m)^{key}: .*$", f"{key}: {value}".replace("\\", r"\\"), text)
    return re.sub(r"(?m)^( *overlaps:)\n(?: +- .*\n)+", r"\1 []\n", text)  # days of one shop's history
