"""Whether the disk of the embedded PostgreSQL has room for a refresh: a full one stops the server."""

import gzip
import shutil
from pathlib import Path

from bootstrap.errors import CheckFailed

_GB = 10**9
_FIRST, _REPLACED = 8, 25
"""Bytes that a load needs at its peak for each byte of text, log included, as docs/operations.md measured them."""


def require_room(folder: Path, source: Path | None, *, reserve: float, is_first: bool = False) -> None:
    """Raise ``CheckFailed`` where loading ``source`` may leave less than ``reserve`` GB free on the disk of ``folder``.

    A first load has nothing to replace. Without a source the need is not known, and only the reserve is looked at.
    """
    need = _text_size(source) * (_FIRST if is_first else _REPLACED) if source and source.is_file() else 0
    free = shutil.disk_usage(folder).free
    if free < need + reserve * _GB:
        raise CheckFailed(
            f"The disk of {folder} has {free / _GB:.1f} GB free; this refresh may need {need / _GB:.1f} GB, and "
            f"{reserve:g} GB are to stay free (LGS_DISK_RESERVE). Nothing was changed. Make room, then try again."
        )


def explain_full(folder: Path, said: str) -> str | None:
    """What to say of a server that went away while its disk is full; ``None`` where it is not."""
    free = shutil.disk_usage(folder).free
    if free > 64 * 2**20:
        return None
    return (
        f"PostgreSQL stopped, and its disk is full: {free / 2**20:.0f} MB of {folder} are free. Whether the refresh "
        f"was committed is not known; what was committed before is kept. Make room, then run: lgs up. ({said})"
    )


def _text_size(path: Path) -> int:
    """Bytes of the file, unpacked: gzip notes them at its end, of what is below 4 GB."""
    size = path.stat().st_size
    if path.suffix != ".gz" or size < 18:
        return size * (5 if path.suffix in {".zip", ".xlsx", ".ods", ".parquet", ".xz", ".bz2", ".zst"} else 1)
    with path.open("rb") as packed:
        if packed.read(2) != gzip.compress(b"")[:2]:
            return size
        packed.seek(-4, 2)
        return max(size, int.from_bytes(packed.read(4), "little"))
