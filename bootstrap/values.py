"""Values in YAML files, and what is wrong with one: what is needed there, and what is there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from bootstrap.errors import SpecError

_NEEDED = {
    "string": "text is needed here",
    "tuple": "a list is needed here, such as [one, other]",
    "list": "a list is needed here, such as [one, other]",
    "set": "a list is needed here, such as [one, other]",
    "frozen_set": "a list is needed here, such as [one, other]",
    "model": "a mapping is needed here, such as label: ...",
    "dict": "a mapping is needed here, such as label: ...",
    "bool": "true or false is needed here",
    "int": "a whole number is needed here",
    "float": "a number is needed here",
    "decimal": "a number is needed here",
    "date": "a date is needed here, such as 2011-12-09",
    "invalid": "a name of letters is needed here",
}


class Spec(BaseModel):
    """What a file says. It does not change, and has no keys but those that are known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_yaml(path: Path) -> Any:
    """What a file says. Raises ``SpecError`` for one that is not YAML, or not UTF-8."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SpecError("the file is not UTF-8 text. Save it as such.", path=path) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SpecError(f"{' '.join(str(error).split())}. Fix the YAML.", path=path) from error


def needed(error: Mapping[str, Any]) -> str:
    """One sentence for the first of a model's errors."""
    kind, about = str(error["type"]), error.get("ctx", {})
    given = f"it is {error['input']!r}"
    if kind in ("literal_error", "enum"):
        return f"{about['expected']} is needed here, and {given}."
    if kind in ("too_short", "string_too_short"):
        return f"at least {about.get('min_length', 1)} is needed here, and {given}."
    if kind == "string_pattern_mismatch":
        return f"text of the form {about['pattern']} is needed here, and {given}."
    if kind in ("value_error", "assertion_error"):
        return f"{str(error['msg']).partition(', ')[2]} ({given})."
    words = next((words for start, words in _NEEDED.items() if kind.startswith(f"{start}_")), None)
    return f"{words}, and {given}." if words else f"{error['msg']} ({given})."
