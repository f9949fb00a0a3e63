"""Checkmk: what ``notify-checkmk`` hands over, one notification or a bulk of them, becomes alerts here."""

from integrations.checkmk.parser import Checkmk

integration = Checkmk()

__all__ = ["Checkmk", "integration"]
