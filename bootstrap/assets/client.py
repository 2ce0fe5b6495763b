"""Talks to one Superset: token, CSRF, cookie and Referer on every write, no redirect followed, every page read."""

import json
from typing import Any
from urllib.parse import urlsplit

import requests

from bootstrap.errors import CheckFailed, Unreachable, UsageError

Json = dict[str, Any]
_PAGE = 100
_PASSES = 5
_ORDER = {
    "/api/v1/database/": "database_name",
    "/api/v1/dataset/": "table_name",
    "/api/v1/chart/": "slice_name",
    "/api/v1/dashboard/": "dashboard_title",
    "/api/v1/report/": "name",
    "/api/v1/rowlevelsecurity/": "name",
}
_VERSIONS = ("6.1.",)


class Client:
    """A signed-in administrator. Raises ``Unreachable``, ``UsageError`` (sign-in) and ``CheckFailed`` (a refusal).

    ``setting`` is what to correct when the sign-in is refused.
    """

    def __init__(
        self, url: str, username: str, password: str, *, setting: str = "the password", seconds: float = 120
    ) -> None:
        self.url, self.seconds, self.setting = url.rstrip("/"), seconds, setting
        self._credentials = {"username": username, "password": password, "provider": "db", "refresh": False}
        self.session = requests.Session()
        self.session.headers["Referer"] = self.url + "/"
        self._check_version()
        self._sign_in()

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        response = self._request(method, path, **options)
        if response.status_code == 401:  # a token lasts 15 minutes, a publish to a busy site may take longer
            self._sign_in()
            response = self._request(method, path, **options)
        return response

    def _request(self, method: str, path: str, **options: Any) -> requests.Response:
        for cookie in self.session.cookies:  # marked for TLS alone by a site behind a proxy that we are behind, too
            cookie.secure = False
        try:
            return self.session.request(method, self.url + path, timeout=self.seconds, allow_redirects=False, **options)
        except requests.RequestException as error:
            parts = urlsplit(self.url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            why = type(error).__name__
            raise Unreachable(
                "Superset", host=str(parts.hostname), port=port, setting="LGS_SUPERSET_URL", why=why
            ) from error

    def _check_version(self) -> None:
        response = self._request("GET", "/version")
        try:
            found = str(response.json()["version_string"])
        except (ValueError, LookupError, TypeError):
            found = f"status {response.status_code} and no version"
        if not found.startswith(_VERSIONS):
            raise UsageError(f"{self.url} is not Superset 6.1 (/version gives {found}). Correct LGS_SUPERSET_URL.")

    def _sign_in(self) -> None:
        response = self._request("POST", "/api/v1/security/login", json=self._credentials)
        if response.status_code == 401:
            username = self._credentials["username"]
            raise UsageError(f"Superset at {self.url} refuses the user {username!r}. Correct {self.setting}.")
        self.session.headers["Authorization"] = f"Bearer {self._answer(response)['access_token']}"
        token = self._answer(self._request("GET", "/api/v1/security/csrf_token/"))
        self.session.headers["X-CSRFToken"] = token["result"]

    def _checked(self, response: requests.Response) -> requests.Response:
        if response.ok and not response.is_redirect:
            return response
        request, text = response.request, response.text[:500]
        raise CheckFailed(
            f"Superset answered {response.status_code} to {request.method} {request.path_url}: {text}. "
            "Its log says more; nothing after this step was sent."
        )

    def _answer(self, response: requests.Response) -> Json:
        answer: Json = self._checked(response).json()
        return answer

    def get(self, path: str) -> Json:
        return self._answer(self._send("GET", path))

    def offers(self, path: str) -> bool:
        """Whether the site has this part of the API, which a feature may switch off."""
        return self._send("GET", path).status_code != 404

    def get_bytes(self, path: str) -> bytes:
        return self._checked(self._send("GET", path)).content

    def post(self, path: str, body: Json) -> Json:
        return self._answer(self._send("POST", path, json=body))

    def put(self, path: str, body: Json) -> Json:
        return self._answer(self._send("PUT", path, json=body))

    def delete(self, path: str) -> Json:
        return self._answer(self._send("DELETE", path))

    def invalidate(self, dataset_ids: list[int]) -> None:
        """Drop every cached answer of these datasets."""
        body = {"datasource_uids": [f"{number}__table" for number in dataset_ids]}
        response = self._send("POST", "/api/v1/cachekey/invalidate", json=body)
        if response.status_code != 201:
            self._answer(response)

    def import_assets(self, bundle: bytes, passwords: dict[str, str]) -> None:
        """One atomic request. ``passwords`` are keyed by the file in the bundle."""
        files = {"bundle": ("assets.zip", bundle, "application/zip")}
        form = {"sparse": "true", "passwords": json.dumps(passwords)}
        self._answer(self._send("POST", "/api/v1/assets/import/", files=files, data=form))

    def list(self, path: str, columns: tuple[str, ...] = ()) -> list[Json]:
        """All rows of a list endpoint, each with its ``id``.

        Superset caps a page at 100, and rows that are equal in what it sorts by may change places between two pages.
        So rows are counted by id, and read again when one slipped through.
        """
        chosen = f",columns:!({','.join(columns)})" if columns else ""
        order = _ORDER.get(path, "id")
        found: dict[int, Json] = {}
        for _ in range(_PASSES):
            page, count = 0, 1
            while page * _PAGE < count:
                query = f"(page:{page},page_size:{_PAGE},order_column:{order},order_direction:asc{chosen})"
                answer = self.get(f"{path}?q={query}")
                found |= {row["id"]: row for row in answer["result"]}
                page, count = page + 1, answer["count"]
            if len(found) >= count:
                return [*found.values()]
        raise CheckFailed(
            f"Superset lists {len(found)} of {count} rows at {path}. "
            "Somebody is changing them right now; try again later."
        )
