"""The bytes of a source file: plain, gzip or the one file in a ZIP archive, read once, in blocks of whole lines."""

import codecs
import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from bootstrap.errors import SourceError

BLOCK = 1 << 20
LONGEST_LINE = 16 << 20
ZIP = b"PK\x03\x04"
_GZIP = b"\x1f\x8b"


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what can go wrong while reading into a ``SourceError``."""
    try:
        yield
    except EOFError as error:
        raise SourceError("the gzip file is cut off. Copy it again, completely.", path=path) from error
    except (gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        packed = "ZIP" if begins(path, ZIP) else "gzip"
        raise SourceError(f"the {packed} file is damaged ({error}). Copy it again.", path=path) from error
    except FileNotFoundError:
        raise SourceError("there is no such file. Check the path.", path=path) from None
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror}). Check the path and its rights.", path=path) from error


def sha256(path: Path) -> str:
    """Hash of the file as it is on disk, in hexadecimal."""
    with reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def begins(path: Path, mark: bytes) -> bool:
    """Whether the file on disk begins with ``mark``."""
    with reading(path), path.open("rb") as file:
        return file.read(len(mark)) == mark


def open_bytes(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where it is gzip or ZIP. Errors come up while reading: see ``text_blocks``."""
    if begins(path, _GZIP):
        return cast(BinaryIO, gzip.open(path, "rb"))
    if begins(path, ZIP):
        archive = zipfile.ZipFile(path)
        return cast(BinaryIO, archive.open(archive.infolist()[0]))
    return path.open("rb")


def start(path: Path, size: int = BLOCK) -> bytes:
    """The first bytes, unpacked. Raises ``SourceError`` as ``text_blocks`` does."""
    with reading(path), open_bytes(path) as file:
        return file.read(size)


def text_of(start: bytes, encoding: str | None, path: Path) -> tuple[str, str]:
    """The first characters of a text, without a byte order mark, and its encoding: the one that is said, or the one
    that the bytes tell: UTF-16 by its mark or its NULs, else UTF-8. Raises ``SourceError`` for one that is not known.
    """
    even, odd = start[0:4096:2].count(0), start[1:4096:2].count(0)
    half = len(start[:4096]) // 4
    if not encoding and start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    encoding = encoding or ("utf-16-le" if odd > half > even else "utf-16-be" if even > half > odd else "utf-8")
    try:
        return start.decode(encoding, "replace").removeprefix("\ufeff"), encoding
    except (LookupError, UnicodeError) as error:
        raise SourceError(f"encoding {encoding} is not known. Correct the map.", path=path) from error


def text_blocks(path: Path, encoding: str = "utf-8", *, newline: bytes = b"\n") -> Iterator[bytes]:
    """Blocks of whole lines as UTF-8, each ending in a newline (the last perhaps not), without a byte order mark.

    Raises ``SourceError`` for damaged or cut gzip or ZIP, an unreadable file, and lines beyond ``LONGEST_LINE`` bytes,
    and names the first line with a byte that the encoding does not have.
    """
    decoder, number, rest = codecs.getincrementaldecoder(encoding)(), 1, b""
    for chunk in _chunks(path):
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line = number + error.object.count(b"\n", 0, error.start)
            raise _wrong_byte(error, encoding, path, line) from error
        block = chunk if encoding == "utf-8" else text.encode("utf-8", "replace")
        if newline != b"\n":
            block = block.replace(newline, b"\n")
        if number == 1:
            block = block.removeprefix(codecs.BOM_UTF8)
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = b""
            number += block.count(b"\n")
        rest += block[cut:]
        check_length(rest, path)
    if rest:
        yield rest


def check_length(rest: bytes, path: Path) -> None:
    """Raises ``SourceError`` when this begins something longer than any list of transactions has."""
    if len(rest) > LONGEST_LINE:
        raise SourceError(
            f"a line, or a text in quotes, is longer than {LONGEST_LINE >> 20} MiB, "
            "so this is no list of transactions. Load a plain pg_dump, a CSV file or a workbook.",
            path=path,
        )


def _chunks(path: Path) -> Iterator[bytes]:
    """The bytes of the file, unpacked; an empty chunk is the last."""
    chunk = b"more"
    with open_bytes(path) as file:
        while chunk:
            with reading(path):
                chunk = file.read(BLOCK)
            yield chunk


def _wrong_byte(error: UnicodeDecodeError, encoding: str, path: Path, line: int) -> SourceError:
    return SourceError(
        f"byte 0x{error.object[error.start]:02X} is not {encoding.upper()}. Save the file as UTF-8 "
        "(iconv -f WINDOWS-1252 -t UTF-8 does it for most spreadsheets), or name its encoding in a map "
        "(encoding: cp1252).",
        path=path,
        line=line,
    )
