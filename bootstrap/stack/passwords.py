"""The passwords that people chose in Superset, in place of those that were made for them."""

from psycopg2.extensions import cursor as Cursor

from bootstrap.connection import connected


def chosen(metadata_url: str, made: dict[str, str]) -> dict[str, str]:
    """User name to the hash of the password they chose there: none of those in ``made`` (user name to password).

    Users who are not in ``made`` chose theirs. Empty before Superset has made its tables.
    """
    from werkzeug.security import check_password_hash

    with connected(metadata_url) as connection, connection.cursor() as cursor:
        hashes = _hashes(cursor)
    return {
        name: text for name, text in hashes.items() if name not in made or not check_password_hash(text, made[name])
    }


def settle(metadata_url: str, made: dict[str, str], *, here: dict[str, str], there: frozenset[str]) -> None:
    """Give users their passwords in a restored metadata database.

    What somebody chose ``here`` (user name to hash) goes on; else, for the names in ``there``, what they had chosen
    when the backup was made; else it is the one in ``made``. The administrator's is always that: lgs signs in with it.
    """
    from werkzeug.security import generate_password_hash

    fresh = {name: word for name, word in made.items() if name == "admin" or (name not in there and name not in here)}
    kept = {name: text for name, text in here.items() if name != "admin"}
    with connected(metadata_url) as connection, connection, connection.cursor() as cursor:
        for name, text in {**kept, **{name: generate_password_hash(word) for name, word in fresh.items()}}.items():
            cursor.execute("update ab_user set password = %s where username = %s", [text, name])


def _hashes(cursor: Cursor) -> dict[str, str]:
    cursor.execute("select to_regclass('ab_user') is not null")
    if cursor.fetchone() != (True,):
        return {}
    cursor.execute("select username, password from ab_user where password is not null")
    return dict(cursor.fetchall())
