"""Passwords are made once, belong to one user, and are never half there."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from bootstrap.credentials import Credentials, Passwords, ensure_credentials, load_credentials, write_credentials
from bootstrap.errors import UsageError


def test_they_are_generated_once_and_each_is_another(tmp_path: Path) -> None:
    made = ensure_credentials(tmp_path)
    secrets = [*made.users.values(), *made.roles.values(), made.postgres.get_secret_value()]
    assert len(set(secrets)) == 7
    assert all(len(secret) >= 24 for secret in secrets)
    assert ensure_credentials(tmp_path) == made == load_credentials(tmp_path)


def test_two_stacks_share_no_secret(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        home.mkdir()
    one, two = (set(_secrets(ensure_credentials(home))) for home in homes)
    assert not one & two


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    path = ensure_credentials(tmp_path).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    ensure_credentials(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    copy = tmp_path / "credentials.copy.env"
    assert sorted(tmp_path.iterdir()) == [copy, path]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_file_that_is_gone_is_put_back_with_all_its_passwords(tmp_path: Path) -> None:
    Passwords(ensure_credentials(tmp_path))["anna"]
    made = load_credentials(tmp_path)
    made.path.write_text(made.path.read_text().replace(made.users["admin"], "another-password"))
    changed = ensure_credentials(tmp_path)
    made.path.unlink()
    with pytest.raises(UsageError, match="puts back the copy"):
        load_credentials(tmp_path)
    assert ensure_credentials(tmp_path) == changed
    assert (changed.users["admin"], changed.users["anna"]) == ("another-password", made.users["anna"])


def test_no_secret_is_shown_by_accident(tmp_path: Path) -> None:
    made = ensure_credentials(tmp_path)
    assert not [secret for secret in _secrets(made) if secret in f"{made!r} {made}"]


def test_a_changed_password_is_read_back(tmp_path: Path) -> None:
    made = ensure_credentials(tmp_path)
    made.path.write_text(made.path.read_text().replace(made.users["admin"], "a=new=password"))
    assert load_credentials(tmp_path).users["admin"] == "a=new=password"


def test_a_user_who_has_no_password_gets_one_that_is_kept(tmp_path: Path) -> None:
    made = ensure_credentials(tmp_path)
    passwords = Passwords(made)
    assert load_credentials(tmp_path) == made
    assert passwords["marketing"] == made.users["marketing"]
    given = passwords["anna.b@shop"]
    kept = load_credentials(tmp_path)
    assert Passwords(kept)["anna.b@shop"] == passwords["anna.b@shop"] == given == kept.users["anna.b@shop"]
    assert {name: kept.users[name] for name in made.users} == made.users
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert given not in repr(kept)
    assert (kept.variables["marketing"], kept.variables["anna.b@shop"]) == ("SUPERSET_MARKETING", "USER_ANNA.B@SHOP")
    assert f"USER_ANNA.B@SHOP={given}" in kept.path.read_text()


@pytest.mark.parametrize("password", ["two words #1", "it's one", 'quo"ted text', "$HOME${HOME}", "back\\slash\\"])
def test_a_password_of_any_characters_is_kept_as_it_is(tmp_path: Path, password: str) -> None:
    made = ensure_credentials(tmp_path)
    write_credentials(made.model_copy(update={"superset_admin": SecretStr(password)}))
    assert load_credentials(tmp_path).users == made.users | {"admin": password}


def test_a_half_written_file_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    path = ensure_credentials(tmp_path).path
    path.write_text(path.read_text()[:200])
    with pytest.raises(UsageError, match=r"LGS_ANALYST.*Put back a copy") as caught:
        ensure_credentials(tmp_path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00"])
def test_a_file_that_holds_no_passwords_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "credentials.env").write_bytes(content)
    with pytest.raises(UsageError, match="Put back a copy"):
        load_credentials(tmp_path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "credentials.env").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        load_credentials(tmp_path)


def test_before_the_first_run_the_command_to_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lgs up"):
        load_credentials(tmp_path)


def _secrets(credentials: Credentials) -> list[str]:
    return [value.get_secret_value() for name, value in credentials if name != "path"]
