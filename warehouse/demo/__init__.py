"""A demo shop of the real one's shape, generated: for a first look, for tests, and for trying a size."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from bootstrap.errors import UsageError
from warehouse.demo.shop import open_shop
from warehouse.demo.trading import trading

__all__ = ["write_demo"]

_HEAD = """--
-- PostgreSQL database dump
--

-- Dumped from database version 12.1
-- Dumped by pg_dump version 12.3

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: retail; Type: TABLE; Schema: public; Owner: postgres
--
DROP TABLE IF EXISTS public.retail;

CREATE TABLE public.retail (
    invoice_no text,
    stock_code text,
    description text,
    quantity integer,
    invoice_date timestamp without time zone,
    unit_price real,
    customer_id real,
    country text
);


ALTER TABLE public.retail OWNER TO postgres;

--
-- Data for Name: retail; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.retail ({columns}) FROM stdin;
"""
_COLUMNS = "invoice_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country"
_TAIL = """\\.


--
-- PostgreSQL database dump complete
--

"""


def write_demo(
    path: Path, *, lines: int = 200_000, seed: int = 1, start: date = date(2009, 12, 1), end: date = date(2011, 12, 9)
) -> int:
    """Write a demo shop's dump in the hand-over format, gzipped for a name that ends in ``.gz``; return its lines.

    The same arguments give the same bytes. The file appears under its name only when it is complete.
    Raises ``UsageError`` for a shop that cannot be, or a file that cannot be written.
    """
    if lines < 1:
        raise UsageError(f"A demo shop of {lines} lines cannot be written. Give --lines a number from 1 up.")
    if seed < 0:
        raise UsageError(f"The demo shop's seed cannot be {seed}. Give --seed a number from 0 up.")
    shop = open_shop(seed=seed, lines=lines, trading=trading(start, end))
    try:
        with _fresh(path) as file:
            file.write(_HEAD.replace("{columns}", _COLUMNS).encode())
            for batch in _exactly(lines, shop.batches()):
                file.write(("\n".join(batch) + "\n").encode())
            file.write(_TAIL.encode())
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror}). Give a file in a folder that you may write to."
        ) from error
    return lines


def _exactly(lines: int, batches: Iterator[list[str]]) -> Iterator[list[str]]:
    left = lines
    while left:
        batch = list(islice(next(batches), left))
        left -= len(batch)
        if batch:
            yield batch


@contextmanager
def _fresh(path: Path) -> Iterator[BinaryIO]:
    """A file beside ``path`` that takes its name when all went well."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=1) as packed:
                    yield cast(BinaryIO, packed)
            else:
                yield raw
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
