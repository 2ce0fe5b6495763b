"""A refresh of the warehouse and the mart in one transaction, its receipt, and the way back."""

from bootstrap.refresh.transaction import Refreshed, close, fingerprint, refresh, rollback

__all__ = ["Refreshed", "close", "fingerprint", "refresh", "rollback"]
