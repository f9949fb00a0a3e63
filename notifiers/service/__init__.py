"""The service: webhooks, replies, the page, and the engine behind them. ``brevisone serve`` runs it."""

from notifiers.service.serve import serve
from notifiers.service.service import Service

__all__ = ["Service", "serve"]
