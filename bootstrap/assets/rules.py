"""Row rules by name; ours carry a mark in their description, and only those are removed."""

from bootstrap.assets.directory import Directory, is_our_rule, rule_mark
from bootstrap.assets.identity import identity
from bootstrap.assets.imported import Contents
from bootstrap.assets.live import Live
from bootstrap.assets.resource import Form, Resource
from bootstrap.assets.spec import Access


class RowRules(Resource):
    kind = "row rules"

    def __init__(self, access: Access, directory: Directory, live: Live, contents: Contents) -> None:
        self.rules, self.directory, self.live, self.contents = access.row_rules, directory, live, contents

    def read(self) -> dict[str, Form]:
        rows = self.directory.rows["rules"].items()
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

    def send(self, name: str, form: Form) -> None:
        datasets = self.live.ids["datasets"]
        body = form | {
            "name": name,
            "roles": self.directory.ids("roles", form["roles"]),
            "tables": sorted(datasets[str(identity("datasets", dataset))] for dataset in form["tables"]),
        }
        self.directory.save("rules", name, body)

    def delete(self, name: str) -> None:
        self.directory.delete("rules", name)

    def clashes(self) -> list[str]:
        rows = self.directory.rows["rules"]
        return [f"row rule {name!r}" for name in self.rules if name in rows and not is_our_rule(rows[name])]


def _form(row: Form) -> Form:
    form = {key: row[key] for key in ("clause", "description", "filter_type")}
    return form | {
        "group_key": row["group_key"] or "",
        "roles": sorted(role["name"] for role in row["roles"]),
        "tables": sorted(table["table_name"].split(".")[-1] for table in row["tables"]),
    }
