"""Nagios Core and Naemon: what ``notify-nagios`` hands over becomes alerts here."""

from integrations.nagios.parser import Nagios

integration = Nagios()

__all__ = ["Nagios", "integration"]
