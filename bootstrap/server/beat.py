"""Celery's scheduler, with a sign of life: ``FILE-sent`` beside its schedule is as old as what it sent last."""

from pathlib import Path
from typing import Any

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):  # type: ignore[misc]
    """Touches the file when it starts, and whenever the broker took a task from it."""

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self._touch()

    def apply_async(self, *args: Any, **kwargs: Any) -> Any:
        """Raises Celery's ``SchedulingError`` when the broker does not answer; the file then stays as it is."""
        sent = super().apply_async(*args, **kwargs)
        self._touch()
        return sent

    def _touch(self) -> None:
        Path(f"{self.schedule_filename}-sent").touch()
