"""The incidents and climbs that one transaction works on: loaded once, changed in memory, written once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from notifiers.incident import Incident
from notifiers.store import escalations, incidents
from notifiers.store.incidents import Identity, Past
from notifiers.store.records import Climb, reserve


class Ledger:
    """What a batch of alerts has read and changed so far. Ids of new incidents are real from the start."""

    def __init__(self, connection: Connection, identities: Iterable[Identity], *, may_open: int) -> None:
        self._connection = connection
        self._open = incidents.open_by_identity(connection, identities)
        self._next_id = reserve(connection, "incidents", may_open) if may_open else 0
        self._new: dict[int, Incident] = {}
        self._changed: dict[int, Incident] = {}
        self._climbs: dict[int, list[Climb]] = {}
        self._changed_climbs: dict[int, Climb] = {}
        self._new_climbs: list[Climb] = []
        self.past: list[Past] = []
        self._load([incident.id for incident in self._open.values()])

    def open_incident(self, identity: Identity) -> Incident | None:
        """The open incident of an identity, as this batch has left it."""
        return self._open.get(identity)

    def climbs(self, incident_id: int) -> list[Climb]:
        """All climbs of an incident, as this batch has left them."""
        return self._climbs.get(incident_id, [])

    def put(self, incident: Incident) -> Incident:
        """Keep an incident; a new one gets its id."""
        if incident.id == 0:
            incident = replace(incident, id=self._next_id)
            self._next_id += 1
            self._new[incident.id] = incident
        elif incident.id in self._new:
            self._new[incident.id] = incident
        else:
            self._changed[incident.id] = incident
        identity = incident.alert.identity
        if incident.is_open:
            self._open[identity] = incident
        elif (known := self._open.get(identity)) is not None and known.id == incident.id:
            del self._open[identity]
        return incident

    def add_climb(self, climb: Climb) -> None:
        """Keep a new climb. Until it is written it is known by a negative id."""
        climb = replace(climb, id=-1 - len(self._new_climbs))
        self._new_climbs.append(climb)
        if climb.incident_id is not None:
            self._climbs.setdefault(climb.incident_id, []).append(climb)

    def put_climb(self, climb: Climb) -> None:
        """Keep a climb that was changed."""
        if climb.id < 0:
            self._new_climbs[-1 - climb.id] = climb
        else:
            self._changed_climbs[climb.id] = climb
        if climb.incident_id is not None:
            known = self._climbs[climb.incident_id]
            known[[one.id for one in known].index(climb.id)] = climb

    def follow(self, loaded: Iterable[Incident]) -> None:
        """Take in incidents that were found otherwise than by identity."""
        fresh = [incident for incident in loaded if incident.id not in self._climbs]
        for incident in fresh:
            if incident.is_open:
                self._open[incident.alert.identity] = incident
        self._load([incident.id for incident in fresh])

    def write(self) -> None:
        """Write all that is new and changed."""
        connection = self._connection
        # An episode is closed before the next one of its identity opens: only one may be open.
        incidents.save(connection, list(self._changed.values()))
        incidents.add(connection, list(self._new.values()))
        escalations.save(connection, list(self._changed_climbs.values()))
        if self._new_climbs:
            first_id = reserve(connection, "escalations", len(self._new_climbs))
            escalations.add(connection, self._new_climbs, first_id=first_id)
        incidents.remember(connection, self.past)

    def _load(self, ids: list[int]) -> None:
        self._climbs.update({one: [] for one in ids if one not in self._climbs})
        for climb in escalations.of_incidents(self._connection, ids):
            if climb.incident_id is not None:
                self._climbs[climb.incident_id].append(climb)
