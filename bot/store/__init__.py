"""Two databases, one Store: nothing lost, nothing doubled."""

from bot.store.store import SqlStore
from bot.store.transaction import StoreFailed

__all__ = ["SqlStore", "StoreFailed"]
