"""Icinga 2: what ``notify-icinga`` hands over becomes alerts here."""

from integrations.icinga.parser import Icinga

integration = Icinga()

__all__ = ["Icinga", "integration"]
