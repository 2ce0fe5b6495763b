"""People at work in Superset, as their browsers are: signed in through the form, with the page's own token."""

import re
from dataclasses import dataclass
from typing import Any

import requests

DASHBOARDS, CHARTS = "/api/v1/dashboard/", "/api/v1/chart/"
_TOKEN = re.compile(r'id="csrf_token"\s+value="([^"]+)"')


@dataclass
class Person:
    """One signed-in browser session; ``None`` as name is somebody who is not signed in."""

    url: str
    session: requests.Session

    @classmethod
    def sign_in(cls, url: str, name: str | None, password: str = "") -> "Person":
        person = cls(url.rstrip("/"), requests.Session())
        if name is not None:
            form = {"username": name, "password": password, "csrf_token": person._token("/login/")}
            answer = person.session.post(f"{person.url}/login/", data=form, allow_redirects=False)
            assert answer.status_code == 302, f"{name} cannot sign in"
            assert "login" not in answer.headers["Location"], f"{name} cannot sign in"
            person.session.headers["X-CSRFToken"] = person._token("/superset/welcome/")
        return person

    def _token(self, path: str) -> str:
        found = _TOKEN.search(self.session.get(self.url + path).text)
        return found[1] if found else ""

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path, allow_redirects=False, **options)

    def may(self, method: str, path: str, **options: Any) -> bool:
        """Whether the request was carried out; being sent to the sign-in page is a no."""
        return self.send(method, path, **options).status_code in range(200, 300)

    def json(self, path: str) -> Any:
        answer = self.send("GET", path)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()


def made(person: Person, path: str, body: dict[str, Any]) -> int:
    """The id of what the person made."""
    answer = person.send("POST", path, json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])
