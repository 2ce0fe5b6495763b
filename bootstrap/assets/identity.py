"""Who owns an asset: its uuid is made from the project and the path of its spec, and it carries that path.

A copy that somebody makes of an asset keeps the text but gets a uuid of its own: it proves nothing and stays theirs.
"""

import re
from uuid import UUID, uuid5

from bootstrap.project import current

_FIRST = UUID("5b0f2f35-0c4c-5f3b-9d35-1a4c6e5d7b21")  # of when there was one project only: its marks name none
_MARK = re.compile(r"^Defined in (\w+)/([\w-]+)( of [0-9a-f]{8})?, revision ([0-9a-f]{12})\.$")


def identity(kind: str, name: str) -> UUID:
    """``kind`` is databases, datasets, charts, dashboards or reports; ``name`` that of its spec."""
    return uuid5(current().namespace, f"{kind}/{name}")


def mark(kind: str, name: str, revision: str) -> str:
    """The sentence that stands in an asset's certification."""
    return f"Defined in {kind}/{name}{_of_project()}, revision {revision}."


def read_mark(text: str | None, uuid: str) -> str | None:
    """The revision in the mark when it is genuine, that is when it names the spec that the uuid is made from."""
    found = _MARK.match(text or "")
    return found[4] if found and str(identity(found[1], found[2])) == uuid else None


def read_name(text: str | None, kind: str) -> str | None:
    """The spec that a mark names, for a kind whose objects carry no uuid that could prove it."""
    found = _MARK.match(text or "")
    return found[2] if found and found[1] == kind and (found[3] or "") == _of_project() else None


def signed(text: str) -> str:
    """``text`` that tells what is ours, for what carries neither uuid nor mark: another for each project."""
    return text + _of_project()


def _of_project() -> str:
    namespace = current().namespace
    return "" if namespace == _FIRST else f" of {str(namespace)[:8]}"
