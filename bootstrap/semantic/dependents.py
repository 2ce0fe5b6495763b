"""What others built on relations of the layer: it goes when such a relation is dropped, so it is named before."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import CheckFailed

_FIND = """
    with recursive found (class, object) as (
        select 'pg_class'::regclass::oid, relation::regclass::oid from unnest(%(replaced)s) as relation
        union
        select
            case when rule.oid is null then depend.classid else 'pg_class'::regclass::oid end,
            coalesce(rule.ev_class, depend.objid)
        from found
        inner join pg_depend as depend on depend.refclassid = found.class and depend.refobjid = found.object
        left join pg_rewrite as rule on depend.classid = 'pg_rewrite'::regclass and depend.objid = rule.oid
        where
            found.class in ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass)
            and found.object <> all(
                array_remove(array(select to_regclass(name)::oid from unnest(%(kept)s) as name), null)
            )
    ),

    owned (class, object, place, owner) as (
        select tableoid, oid, oid, relowner from pg_class where relkind in ('r', 'p', 'v', 'm', 'f')
        union all
        select pg_constraint.tableoid, pg_constraint.oid, conrelid, relowner
        from pg_constraint inner join pg_class on conrelid = pg_class.oid where contype = 'f'
        union all
        select pg_policy.tableoid, pg_policy.oid, polrelid, relowner
        from pg_policy inner join pg_class on polrelid = pg_class.oid
        union all
        select tableoid, oid, null, proowner from pg_proc
    )

    select case when known.type = 'table constraint' then 'foreign key' else known.type end, known.identity,
        pg_get_userbyid(owned.owner)
    from found
    inner join owned using (class, object)
    cross join pg_identify_object(found.class, found.object, 0) as known
    left join pg_class as held on owned.place = held.oid
    where held.oid is null or held.relnamespace::regnamespace::text || '.' || held.relname <> all(%(ours)s)
    order by 1, 2
"""


class Dependent(NamedTuple):
    """One object of somebody else: a view, a foreign key, a function; ``name`` has its schema."""

    kind: str
    name: str
    owner: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of {self.owner}"


def find_dependents(cursor: Cursor, replaced: Sequence[str], ours: Collection[str]) -> list[Dependent]:
    """What dropping the relations ``replaced`` would take along, of all that is not a relation of ``ours``.

    A view of ours that reads one of them is made to read what replaces it, so what stands on that view is kept.
    """
    kept = [relation for relation in ours if relation not in replaced]
    cursor.execute(_FIND, {"replaced": list(replaced), "ours": list(ours), "kept": kept})
    return [Dependent(*row) for row in cursor.fetchall()]


def refuse_dependents(replaced: Sequence[str], dependents: Sequence[Dependent]) -> CheckFailed:
    """The error that names them, and the ways on."""
    named = "\n".join(f"  {one}" for one in dependents)
    return CheckFailed(
        f"The new definitions replace {', '.join(replaced)}, which would drop what others built on "
        f"{'it' if len(replaced) == 1 else 'them'}, so nothing was changed:\n{named}\n"
        "Ask the owners to drop them, keep the columns and the key of the relation as they were, or drop them all: "
        "lgs refresh --cascade."
    )
