"""Alembic's scripts: how ``landing`` and ``warehouse`` came to be."""
