"""Zabbix: what ``notify-zabbix`` and its webhook hand over becomes alerts here."""

from integrations.zabbix.parser import Zabbix

integration = Zabbix()

__all__ = ["Zabbix", "integration"]
