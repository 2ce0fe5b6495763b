"""Which characters a file is written in, and what to say when it is not."""

import codecs
import re
from contextlib import suppress
from pathlib import Path

from bootstrap.errors import SourceError

_LIKE_UTF8 = {"UTF8", "UNICODE", "SQLASCII", "UTF8MB4"}
# Python knows further ones, some of them not for text, such as rot13; they fail in ways of their own.
_POSTGRES = re.compile("BIG5|EUC|GB|ISO8859|JOHAB|KOI8|LATIN|SHIFTJIS|SJIS|UHC|WIN")
_SPELLINGS = {"KOI8R": "koi8-r", "KOI8U": "koi8-u", "SJIS": "cp932", "UHC": "cp949", "EUCCN": "gb2312"}


def codec(name: str, path: Path) -> str:
    """Python's name of a PostgreSQL encoding. Raises ``SourceError`` for one that either does not know."""
    plain = re.sub(r"[\W_]", "", name).upper()
    if plain in _LIKE_UTF8:
        return "utf-8"
    spelling = _SPELLINGS.get(plain) or re.sub(r"^WIN(\d)", r"cp\1", re.sub(r"^ISO8859", "iso8859-", plain))
    if _POSTGRES.match(plain):
        with suppress(LookupError):
            return codecs.lookup(spelling).name
    raise SourceError(
        f"client_encoding {name} is not known here. Have it dumped with pg_dump --encoding=UTF8.", path=path
    )


def decoded(text: bytes, encoding: str, path: Path, number: int) -> str:
    """The text; ``number`` is its first line. Raises ``SourceError`` that names the line with the wrong byte."""
    try:
        return text.decode(encoding)
    except UnicodeDecodeError as error:
        line = number + text.count(b"\n", 0, error.start)
        raise SourceError(
            f"byte 0x{text[error.start]:02X} is not {encoding.upper()}. Save the file as UTF-8 "
            "(iconv -f WINDOWS-1252 -t UTF-8 does it for most spreadsheets).",
            path=path,
            line=line,
        ) from error
