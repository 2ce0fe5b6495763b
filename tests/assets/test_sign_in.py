"""Who comes in: guesses are limited, and what the site sends keeps sessions and pages to itself."""

from collections import Counter
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.assets.people import Person
from tests.conftest import Shop

pytestmark = pytest.mark.stack
PAGES = ("/login/", "/superset/dashboard/sales-customers/", "/api/v1/dashboard/", "/sqllab/", "/static/none")


class From(HTTPAdapter):
    """Connects from another address of this machine, so that nobody else is locked out."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, source_address=(self.address, 0))


def session_from(address: str) -> requests.Session:
    session = requests.Session()
    session.mount("http://", From(address))
    return session


def login(shop: Shop, session: requests.Session, password: str) -> requests.Response:
    body = {"username": "marketing", "password": password, "provider": "db"}
    return session.post(f"{shop.stack.superset_url}/api/v1/security/login", json=body, timeout=60)


def test_wrong_passwords_over_the_api_are_limited_for_their_address_alone(shop: Shop) -> None:
    right, guesser = shop.stack.credentials.users["marketing"], session_from("127.0.0.2")
    assert {login(shop, guesser, right).status_code for _ in range(12)} == {200}
    answers = Counter(login(shop, guesser, f"a guess {number}").status_code for number in range(40))
    assert answers.keys() == {401, 429}
    assert answers[401] <= 10
    refused = login(shop, guesser, right)
    assert refused.status_code == 429
    assert "Too many wrong passwords from this address. Wait a minute, then try again." in refused.text
    assert login(shop, session_from("127.0.0.3"), right).status_code == 200


def test_wrong_passwords_on_the_page_are_limited_too(shop: Shop) -> None:
    guesser = Person(shop.stack.superset_url, session_from("127.0.0.4"))

    def tries(password: str) -> requests.Response:
        form = {"username": "marketing", "password": password, "csrf_token": guesser._token("/login/")}
        return guesser.send("POST", "/login/", data=form)

    answers = [tries(f"a guess {number}") for number in range(10)]
    assert {answer.headers["Location"].split("?")[0] for answer in answers} == {"/login/"}
    refused = tries(shop.stack.credentials.users["marketing"])
    assert refused.status_code == 429
    assert "Too many wrong passwords from this address" in refused.text
    assert login(shop, guesser.session, "one more").status_code == 429


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("name", [None, "marketing"])
def test_no_page_may_be_framed_read_or_guessed_at_by_another_site(shop: Shop, name: str | None, path: str) -> None:
    password = shop.stack.credentials.users[name] if name else ""
    person = Person.sign_in(shop.stack.superset_url, name, password)
    headers = person.send("GET", path, headers={"Origin": "https://elsewhere.example"}).headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    policy = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";") if rule.strip())
    assert policy["default-src"] == policy["frame-ancestors"] == policy["connect-src"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert "unsafe-inline" not in policy["script-src"]
    assert "Access-Control-Allow-Origin" not in headers


def test_no_script_and_no_other_site_can_use_the_session(shop: Shop) -> None:
    person = Person.sign_in(shop.stack.superset_url, "marketing", shop.stack.credentials.users["marketing"])
    cookie = next(cookie for cookie in person.session.cookies if cookie.name == "session")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"
    del person.session.headers["X-CSRFToken"]
    body = {"dashboard_title": "By another site"}
    assert not person.may("POST", "/api/v1/dashboard/", json=body)
