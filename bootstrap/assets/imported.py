"""Databases, datasets, charts and dashboards: what Superset's import API carries, in one request or not at all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bootstrap.assets.assets import Asset
from bootstrap.assets.identity import read_mark
from bootstrap.assets.live import Live, Row, mark_of, packed
from bootstrap.assets.normal import differences, normal
from bootstrap.assets.resource import Change, Form, Orphan, Resource
from bootstrap.assets.retirement import Retirement, find_retirement, retired
from bootstrap.errors import CheckFailed, LgsError

_TELLING = {"dashboard_title": "dashboards", "slice_name": "charts", "table_name": "datasets"}


class Imported(Resource):
    """Assets of some kinds; ``compiled`` gives those that the specs ask for, parents first."""

    kinds: tuple[str, ...]

    def __init__(self, live: Live, compiled: Callable[[], list[Asset]]) -> None:
        self.live, self.compiled = live, compiled
        self.assets = {str(asset.uuid): asset for asset in compiled()}
        self.found: dict[str, Form] = {}

    def read(self) -> dict[str, Form]:
        rows = self._rows()
        self.found = self.live.export(rows.values())
        return {name: self.found[row.uuid] for name, row in rows.items()}

    def _rows(self) -> dict[str, Row]:
        """What carries our mark, or is what the specs ask for, by name; children first."""
        rows = (row for kind in reversed(self.kinds) for row in self.live.rows[kind].values())
        return {self._name(row): row for row in rows if row.spec or row.uuid in self.assets}

    def _name(self, row: Row) -> str:
        return self.assets[row.uuid].label if row.uuid in self.assets else f"{row.kind[:-1]} {row.spec}"

    def label(self, name: str) -> str:
        return self._rows()[name].label

    def want(self) -> dict[str, Form]:
        self.assets = {str(asset.uuid): asset for asset in self.compiled()}
        return {asset.label: asset.sealed() for asset in self.assets.values()}

    def differ(self, before: Form, after: Form) -> Sequence[str]:
        kind = _kind(after)
        fields = differences(normal(kind, before), normal(kind, after))
        return fields or ([] if read_mark(mark_of(kind, before), before["uuid"]) else ["certification"])

    def clashes(self) -> list[str]:
        return [
            f"{row.kind[:-1]} {row.place[-1]!r} ({row.uuid})"
            for uuid, asset in self.assets.items()
            for row in self.live.rows[asset.kind].values()
            if row.place == asset.place != () and row.uuid != uuid
        ]

    def apply(self, changes: Sequence[Change]) -> None:
        """One atomic request."""
        if changes:
            wanted = self.want()
            self._send({change.name: wanted[change.name] for change in changes})

    def send_again(self, name: str) -> None:
        self._send({name: self.want()[name]})

    def _send(self, forms: dict[str, Form]) -> None:
        files = {name: f"{_kind(form)}/{name.partition(' ')[2]}.yaml" for name, form in forms.items()}
        secret = {asset.label: asset.password for asset in self.assets.values() if asset.password}
        passwords = {file: secret[name] for name, file in files.items() if name in secret}
        self.live.client.import_assets(packed({files[name]: form for name, form in forms.items()}), passwords)
        self.live.refresh()

    def remove(self, changes: Sequence[Change]) -> None:
        rows = self._rows()
        for change in changes:
            self.live.delete(rows[change.name])

    @contextmanager
    def restored_on_failure(self, changes: Sequence[Change]) -> Iterator[None]:
        """Put back what was found when a check fails, or gets no answer: nobody shall see half a site."""
        try:
            yield
        except LgsError:
            names = {change.name for change in changes}
            rows = {name: row for name, row in self._rows().items() if name in names}
            before = {f"{row.kind}/{row.id}.yaml": self.found.get(row.uuid) for row in rows.values()}
            self.live.client.import_assets(packed({file: form for file, form in before.items() if form}), {})
            for row in (row for row in rows.values() if row.uuid not in self.found):
                self.live.delete(row)
            raise


class Connections(Imported):
    """Applied before everything else: permissions name them, and links of dashboards carry their ids."""

    kind, kinds = "connections", ("databases",)

    def differ(self, before: Form, after: Form) -> Sequence[str]:
        fields = differences(normal("databases", before), normal("databases", after))
        return fields or ([] if self._opens(after) else ["password"])

    def drifted(self, held: Form, found: Form) -> bool:
        """A password that opens no more says nothing of who changed it."""
        return normal("databases", held) != normal("databases", found)

    def _opens(self, form: Form) -> bool:
        """Whether Superset gets in with the password that it keeps, which it does not show."""
        try:
            number = self.live.rows["databases"][form["uuid"]].id
            self.live.client.get(f"/api/v1/database/{number}/schemas/?q=(force:!t)")
        except CheckFailed:
            return False
        return True


class Contents(Imported):
    """What people see: datasets, charts and dashboards, with those that left the specs and are still used."""

    kind, kinds = "contents", ("datasets", "charts", "dashboards")
    retirement = Retirement()

    def read(self) -> dict[str, Form]:
        found = super().read()
        wanted = {uuid: asset.content for uuid, asset in self.assets.items()}
        self.retirement = find_retirement(self.live, wanted, self.found)
        return found

    def want(self) -> dict[str, Form]:
        wanted = super().want()
        for dataset in {member.dataset for member in self.retirement.members}:
            name = self.assets[dataset].label
            wanted[name] = self.retirement.complete(dataset, wanted[name], self.found[dataset])
        kept = {row.uuid: row for row, _ in self.retirement.objects.values()}
        return wanted | {self._name(row): retired(row.kind, self.found[uuid]) for uuid, row in kept.items()}

    def is_retired(self, name: str) -> bool:
        return any(self._name(row) == name for row, _ in self.retirement.objects.values())

    def orphans(self) -> list[Orphan]:
        return [*self.retirement.orphans(self.found)]


def _kind(form: Form) -> str:
    return next((kind for key, kind in _TELLING.items() if key in form), "databases")
