"""A YAML file that knows the line of each of its values, and turns a wrong value into a clear error."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bootstrap.errors import SpecError
from bootstrap.project import filled
from bootstrap.values import needed

Model = TypeVar("Model", bound=BaseModel)
Place = Sequence[str | int]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def nearest(name: str, valid: Iterable[str]) -> str:
    """A sentence that helps with a wrong name: the nearest valid one, or all of them when none is near."""
    known = sorted(valid)
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f'Did you mean "{close[0]}"?' if close else f"Known are: {', '.join(known) or 'none'}."


@dataclass(frozen=True)
class Document:
    """One parsed file. ``data`` is what it says; a place is a path of keys and positions into it."""

    path: Path
    data: Any
    root: yaml.Node

    @classmethod
    def read(cls, path: Path) -> "Document":
        """Parse ``path``. Raises ``SpecError`` for broken YAML, a key given twice, or anything but a mapping."""
        try:
            text = filled(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SpecError(f"the file cannot be read ({error.strerror}). Write it.", path=path) from error
        except UnicodeDecodeError as error:
            raise SpecError("the file is not UTF-8 text. Save it as such.", path=path) from error
        try:
            root = yaml.compose(text, Loader=_LOADER)
            data = yaml.load(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else None
            raise SpecError(f"{error.problem}. Fix the YAML.", path=path, line=line) from error
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise SpecError(f"{str(error).splitlines()[0]}. Fix the YAML.", path=path) from error
        if root is None or not isinstance(data, dict):
            raise SpecError("the file holds no keys. Write one key per line, such as description: ...", path=path)
        _refuse_twice(root, path)
        return cls(path, data, root)

    def line(self, place: Place) -> int:
        """The 1-based line of the value at ``place``, or of the nearest thing around it."""
        node, line = self.root, self.root.start_mark.line
        for step in place:
            if isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == str(step)), None)
                if pair is None:
                    break
                node, line = pair[1], pair[0].start_mark.line
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
        return line + 1

    def error(self, message: str, place: Place = ()) -> SpecError:
        """The error for the value at ``place``: names file, line and field."""
        return SpecError(message, path=self.path, line=self.line(place), field=".".join(map(str, place)))

    def mapping(self, name: str) -> dict[str, Any]:
        """What the file says of ``name``. Raises ``SpecError`` when that is no mapping."""
        values = self.data[name]
        if not isinstance(values, dict):
            raise self.error("a mapping is needed here, such as label: ...", [name])
        return values

    def model(self, kind: type[Model], values: Mapping[str, Any], place: Place = ()) -> Model:
        """``values``, found at ``place``, as a ``kind``. Raises ``SpecError`` for the first wrong one."""
        try:
            return kind.model_validate(values)
        except ValidationError as error:
            wrong = error.errors()
            first = next((one for one in wrong if one["type"] == "extra_forbidden"), wrong[0])
            raise self.error(_explained(kind, first), [*place, *first["loc"]]) from error

    def models(self, kind: type[Model], *, name: str = "name") -> list[Model]:
        """What the file says of each of its keys, as a ``kind`` with the key in the field ``name``."""
        return [self.model(kind, {name: key, **self.mapping(key)}, [key]) for key in self.data]


def _explained(kind: type[BaseModel], error: Any) -> str:
    name = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        return f'"{name}" is not a field here. {nearest(name, kind.model_fields)}'
    if error["type"] == "missing":
        return f'the field "{name}" is missing. Add it.'
    return needed(error)


def _refuse_twice(node: yaml.Node, path: Path) -> None:
    """YAML lets the later of two equal keys win in silence; a spec may not."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_twice(item, path)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                raise SpecError(
                    "the key stands twice. Keep one.", path=path, line=key.start_mark.line + 1, field=key.value
                )
            seen.add(key.value)
            _refuse_twice(value, path)
