"""A real mail server that keeps what it takes: ``python tests/mail.py HOST PORT FOLDER`` runs it by itself.

It stands alone, so that a container can run it with nothing but aiosmtpd beside it.
"""

import email
import email.message
import email.policy
import itertools
import sys
import threading
import time
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

Message = email.message.EmailMessage


class Sink:
    """Keeps each mail as a file of ``folder``; options are those of aiosmtpd's SMTP server."""

    def __init__(self, folder: Path, host: str, port: int, **options: Any) -> None:
        self.folder, self._numbers = folder, itertools.count(1)
        self._controller = Controller(self, hostname=host, port=port, **options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        path = self.folder / f"{next(self._numbers):04}.eml"
        path.with_suffix(".part").write_bytes(envelope.content)
        path.with_suffix(".part").rename(path)
        return "250 OK"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


def mails(folder: Path) -> list[Message]:
    """What has arrived, the oldest first."""
    texts = [path.read_bytes() for path in sorted(folder.glob("*.eml"))]
    return [email.message_from_bytes(text, _class=Message, policy=email.policy.default) for text in texts]


def arrived(folder: Path, subject: str, *, seconds: float) -> Message:
    """The newest mail with these words in its subject, as soon as there is one."""
    deadline = time.monotonic() + seconds
    while not (found := [mail for mail in mails(folder) if subject in mail["Subject"]]):
        if time.monotonic() > deadline:
            raise AssertionError(f"no mail says {subject!r}; there are {[mail['Subject'] for mail in mails(folder)]}")
        time.sleep(0.5)
    return found[-1]


def attachment(mail: Message, ending: str) -> bytes:
    """The part of the mail whose file name or type ends so."""
    for part in mail.walk():
        if (part.get_filename() or "").endswith(ending) or part.get_content_type().endswith(ending):
            content: bytes = part.get_payload(decode=True)  # type: ignore[assignment]
            return content
    raise AssertionError(f"the mail {mail['Subject']!r} has no {ending}")


if __name__ == "__main__":
    Sink(Path(sys.argv[3]), sys.argv[1], int(sys.argv[2])).start()
    threading.Event().wait()
