"""Icinga Notifications: what its channel ``brevisone`` is told to send becomes alerts here."""

from integrations.icinga_notifications.parser import IcingaNotifications

integration = IcingaNotifications()

__all__ = ["IcingaNotifications", "integration"]
