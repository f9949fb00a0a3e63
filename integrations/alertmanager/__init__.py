"""Prometheus Alertmanager, and Grafana that speaks nearly the same: what they post becomes alerts here."""

from integrations.alertmanager.parser import Alertmanager

integration = Alertmanager()
grafana_integration = Alertmanager(source="grafana")

__all__ = ["Alertmanager", "grafana_integration", "integration"]
