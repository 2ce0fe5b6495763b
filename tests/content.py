"""What a database holds, in a form that two databases can be compared by."""

from psycopg2.extensions import cursor as Cursor

from bootstrap.semantic.spec import Layer


def content_hashes(cursor: Cursor, layer: Layer) -> dict[str, str]:
    """For each relation, the number of its rows and the sum of their hashes: the same in whatever order they stand."""
    hashes = {}
    for twin in layer.twins:
        cursor.execute(
            f"select count(*), coalesce(sum(hash_record_extended(t, 0)::numeric), 0) from {twin.relation} as t"
        )
        count, total = cursor.fetchone() or (0, 0)
        hashes[twin.relation] = f"{count}:{total}"
    return hashes
