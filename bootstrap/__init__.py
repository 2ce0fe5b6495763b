"""The ``lgs`` command: stack, refresh and publish of the London Gift Shop's BI."""

__version__ = "0.2.0"
