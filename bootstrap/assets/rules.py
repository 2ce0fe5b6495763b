"""Row rules by name; ours carry a mark in their description, and only those are removed."""

from collections.abc import Sequence

from bootstrap.assets.directory import RULES, Directory, is_our_rule, rule_mark
from bootstrap.assets.identity import identity
from bootstrap.assets.imported import Contents
from bootstrap.assets.live import Live
from bootstrap.assets.resource import Change, Form, Resource
from bootstrap.assets.spec import Access


class RowRules(Resource):
    kind = "row rules"

    def __init__(self, access: Access, directory: Directory, live: Live, contents: Contents) -> None:
        self.rules, self.directory, self.live, self.contents = access.row_rules, directory, live, contents

    def read(self) -> dict[str, Form]:
        rows = self.directory.rules.items()
        return {f"row rule {name}": _form(row) for name, row in rows if name in self.rules or is_our_rule(row)}

    def want(self) -> dict[str, Form]:
        return {
            f"row rule {name}": {
                "clause": rule.clause,
                "description": rule_mark() + rule.description,
                "filter_type": rule.kind,
                "group_key": rule.group,
                "roles": sorted(rule.roles),
                "tables": sorted({*rule.datasets, *self._retired(f"row rule {name}")}),
            }
            for name, rule in self.rules.items()
        }

    def _retired(self, name: str) -> set[str]:
        """The datasets of a rule that left the specs and are kept: it goes on protecting them."""
        tables = self.read().get(name, {}).get("tables", ())
        return {table for table in tables if self.contents.is_retired(f"dataset {table}")}

    def holders(self, name: str) -> tuple[str, ...]:
        return tuple(f"the retired dataset {table}" for table in sorted(self._retired(name)))

    def apply(self, changes: Sequence[Change]) -> None:
        wanted, client = self.want(), self.directory.client
        for change in changes:
            name = change.name.removeprefix("row rule ")
            body = self._body(name, wanted[change.name])
            if name in self.directory.rules:
                client.put(f"{RULES}{self.directory.rules[name]['id']}", body)
            else:
                client.post(RULES, body)

    def _body(self, name: str, form: Form) -> Form:
        datasets = self.live.ids["datasets"]
        return form | {
            "name": name,
            "roles": sorted(self.directory.roles[role] for role in form["roles"]),
            "tables": sorted(datasets[str(identity("datasets", dataset))] for dataset in form["tables"]),
        }

    def remove(self, changes: Sequence[Change]) -> None:
        for change in changes:
            row = self.directory.rules[change.name.removeprefix("row rule ")]
            self.directory.client.delete(f"{RULES}{row['id']}")

    def clashes(self) -> list[str]:
        rows = [self.directory.rules[name] for name in self.rules if name in self.directory.rules]
        return [f"row rule {row['name']!r}" for row in rows if not is_our_rule(row)]


def _form(row: Form) -> Form:
    form = {key: row[key] for key in ("clause", "description", "filter_type")}
    return form | {
        "group_key": row["group_key"] or "",
        "roles": sorted(role["name"] for role in row["roles"]),
        "tables": sorted(table["table_name"].split(".")[-1] for table in row["tables"]),
    }
