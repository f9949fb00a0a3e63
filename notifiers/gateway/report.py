"""How one gateway stands and fares, for whoever asks: as the service tells it, or as one look shows it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from notifiers.gateway.answers import AnswerReason
from notifiers.gateway.circuit import Standing
from notifiers.gateway.health import Health
from notifiers.gateway.settings import Api, GatewaySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayReport:
    """What is known of one gateway. Holds no secret."""

    name: str
    address: str
    """Its URL, in which no credentials can be."""
    api: Api
    standing: Standing | None = None
    """None: nobody knows who sends by it."""
    since: datetime | None = None
    """When it came to stand so; None: as long as whoever tells this knows it."""
    why: str = ""
    """What made it rest or go out, or why a look found nothing."""
    again_at: datetime | None = None
    """When one that rests or is out is tried next; None: it is alive, or that is not known."""
    sick: str = ""
    """Why others are asked first although it answers; empty: they are not."""
    checked_at: datetime | None = None
    """When its ``check.php`` was asked last; None: never so far."""
    health: Health | None = None
    """What that showed."""

    @property
    def usable(self) -> bool:
        """It takes messages and sends them, as far as is known: nothing that is known speaks against it."""
        stands = self.standing in (None, Standing.ALIVE) and not self.sick
        return stands and (self.health is None or self.health.is_reachable)

    @classmethod
    def of_look(cls, settings: GatewaySettings, health: Health, now: datetime) -> GatewayReport:
        """What one look shows where no engine can be asked."""
        return cls(
            name=settings.name,
            address=settings.url,
            api=settings.api,
            why="" if health.is_reachable else health.detail,
            checked_at=now,
            health=health,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; moments are RFC 3339 in UTC."""
        moments = {name: _written(getattr(self, name)) for name in ("since", "again_at", "checked_at")}
        return asdict(self) | moments | {"usable": self.usable}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> GatewayReport:
        """What ``to_json`` made. Raises ValueError, KeyError or TypeError for anything else."""
        health = values["health"]
        if health is not None:
            problem = health["problem"]
            health = Health(**(health | {"problem": AnswerReason(problem) if problem is not None else None}))
        standing = values["standing"]
        moments = {name: _read(values[name]) for name in ("since", "again_at", "checked_at")}
        parsed = {"api": Api(values["api"]), "standing": Standing(standing) if standing is not None else None}
        known = {name: value for name, value in values.items() if name != "usable"}
        return cls(**(known | moments | parsed | {"health": health}))


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _read(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
