"""Tells people when something is wrong, by mail and by webhook: once for each state, and once when all is well again.

What was told last is in ``alert.json`` of the state folder, so that a run each minute sends nothing twice.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, ConfigDict

from bootstrap.errors import Unreachable
from bootstrap.project import current
from bootstrap.settings import Settings

_FILE = "alert.json"
_SECONDS = 30


class Told(BaseModel):
    """What is the matter. ``key`` is the same as long as it is; ``since`` is when it was first seen."""

    model_config = ConfigDict(frozen=True)

    key: str = "all well"
    verdict: str = "all well"
    what: str = ""
    since: datetime | None = None
    failed_at: datetime | None = None

    @property
    def is_well(self) -> bool:
        return self.key == "all well"

    def text(self) -> str:
        """What people read: what, and since when; what to do is part of the former."""
        if self.is_well:
            return "All is well again."
        return f"{self.what}\n\nSince {self.since:%-d %B %Y, %H:%M %Z}. To see more: lgs status."


def last_told(settings: Settings) -> Told:
    """What was told last; that all is well where nothing was."""
    path = settings.state / _FILE
    return Told.model_validate_json(path.read_text()) if path.is_file() else Told()


def tell(settings: Settings, *, key: str, verdict: str, what: str = "", since: datetime | None = None) -> bool:
    """Send what is the matter to whom the settings name, unless that was told last; whether something was sent.

    ``since`` is when it began, where that is known. Raises ``Unreachable`` when it cannot be sent; then the next run
    tries again.
    """
    last = last_told(settings)
    if key == last.key:
        return False
    now = Told(key=key, verdict=verdict, what=what, since=since or datetime.now(UTC), failed_at=last.failed_at)
    is_sent = [send(settings, now) for send in (_mail, _post)]
    _keep(settings, now)
    return any(is_sent)


def note_failure(settings: Settings, what: str) -> None:
    """Note that a refresh failed, and tell it as ``tell`` does."""
    _keep(settings, last_told(settings).model_copy(update={"failed_at": datetime.now(UTC)}))
    tell(settings, key=f"failed: {what[:500]}", verdict="failed", what=f"The refresh failed. {what}")


def _keep(settings: Settings, told: Told) -> None:
    path = settings.state / _FILE
    making = path.with_suffix(".part")
    making.write_text(told.model_dump_json())
    making.replace(path)


def _mail(settings: Settings, told: Told) -> bool:
    if not (settings.smtp_host and settings.admin_email):
        return False
    mail = EmailMessage()
    mail["Subject"] = f"{current().name}: {told.verdict}"
    mail["From"], mail["To"] = settings.smtp_from, settings.admin_email
    mail.set_content(told.text())
    host, port = settings.smtp_host, settings.smtp_port
    try:
        with _connected(settings, host, port) as server:
            server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable("The mail server", host=host, port=port, setting="LGS_SMTP_HOST", why=str(error)) from error
    return True


@contextmanager
def _connected(settings: Settings, host: str, port: int) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=_SECONDS)
    with server:
        if settings.smtp_security == "starttls":
            server.starttls(context=context)
        if settings.smtp_username and settings.smtp_password:
            server.login(settings.smtp_username, settings.smtp_password.get_secret_value())
        yield server


def _post(settings: Settings, told: Told) -> bool:
    if not settings.alert_webhook:
        return False
    url = settings.alert_webhook.get_secret_value()
    body = {"project": current().name, "verdict": told.verdict, "text": told.text()}
    body |= {"since": told.since.isoformat() if told.since else ""}
    try:
        requests.post(url, json=body, timeout=_SECONDS).raise_for_status()
    except requests.RequestException as error:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        why = f"status {error.response.status_code}" if error.response is not None else type(error).__name__
        raise Unreachable("The webhook", host=host, port=port, setting="LGS_ALERT_WEBHOOK", why=why) from error
    return True
