"""The bytes of a handed-over file: plain or gzip, read once, in blocks of whole lines."""

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from bootstrap.errors import SourceError
from warehouse.sources.encodings import decoded

BLOCK = 1 << 20
LONGEST_LINE = 16 << 20
_GZIP = b"\x1f\x8b"


def sha256(path: Path) -> str:
    """Hash of the file as it lies there, in hexadecimal."""
    with _reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_gzip(path: Path) -> bool:
    """Whether the file begins as gzip does."""
    with _reading(path), path.open("rb") as file:
        return file.read(2) == _GZIP


def open_bytes(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where it is gzip. Errors come up while reading: see ``blocks``."""
    return cast(BinaryIO, gzip.open(path, "rb")) if is_gzip(path) else path.open("rb")


def start(path: Path, size: int = BLOCK) -> bytes:
    """The first bytes, unpacked. Raises ``SourceError`` as ``blocks`` does."""
    with _reading(path), open_bytes(path) as file:
        return file.read(size)


def blocks(path: Path) -> Iterator[bytes]:
    """Blocks of whole lines, each ending in a newline (the last perhaps not).

    Raises ``SourceError`` for damaged or cut gzip, an unreadable file, and lines beyond ``LONGEST_LINE`` bytes.
    """
    with open_bytes(path) as file:
        rest = b""
        while True:
            with _reading(path):
                block = file.read(BLOCK)
            if not block:
                break
            cut = block.rfind(b"\n") + 1
            if cut:
                yield rest + block[:cut]
                rest = block[cut:]
            else:
                rest += block
                check_length(rest, path)
        if rest:
            yield rest


def text_blocks(path: Path, encoding: str = "utf-8") -> Iterator[bytes]:
    """The same blocks, checked to be ``encoding`` and turned into UTF-8.

    Raises ``SourceError`` that names the first line with a byte that the encoding does not have.
    """
    number = 1
    for block in blocks(path):
        block = block.removeprefix(codecs.BOM_UTF8) if number == 1 else block
        text = decoded(block, encoding, path, number)
        yield block if encoding == "utf-8" else text.encode()
        number += block.count(b"\n")


def check_length(rest: bytes, path: Path) -> None:
    """Raises ``SourceError`` when this begins something longer than any list of transactions has."""
    if len(rest) > LONGEST_LINE:
        raise SourceError(
            f"a line, or a text in quotes, is longer than {LONGEST_LINE >> 20} MiB, "
            "so this is no list of transactions. Hand over a plain pg_dump, a CSV or an XLSX file.",
            path=path,
        )


class _reading:
    """Turns what can go wrong while reading ``path`` into a ``SourceError``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, EOFError):
            raise SourceError("the gzip file is cut off. Copy it again, wholly.", path=self.path) from error
        if isinstance(error, gzip.BadGzipFile | zlib.error):
            raise SourceError(f"the gzip file is damaged ({error}). Copy it again.", path=self.path) from error
        if isinstance(error, OSError):
            raise SourceError(
                f"cannot be read ({error.strerror}). Check the path and its rights.", path=self.path
            ) from error
