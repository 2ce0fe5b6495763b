"""Signs the browser of reports in as the report's owner, for Superset's WEBDRIVER_AUTH_FUNC.

Superset's own way leaves the sign-in page open beside the report. What that page still asks for may be answered with
the cookie of nobody, which takes the place of the owner's; the report then waits for a page that it may not see
(apache/superset#44005).
"""

from typing import Any

from flask import current_app


def sign_in(context: Any, user: Any) -> Any:
    """Give a fresh Playwright browser context the cookies of a Superset user."""
    from superset.utils.machine_auth import MachineAuthProvider

    site = current_app.config["WEBDRIVER_BASEURL"]
    cookies = MachineAuthProvider.get_auth_cookies(user)
    context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])
    return context
