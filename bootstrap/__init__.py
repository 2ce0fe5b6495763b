"""The ``lgs`` command: a project's stack, refresh and publish."""

__version__ = "0.2.0"
