"""``store``: which database, how full, of which version; and bringing it up to this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from notifiers.cli.options import ConfigOption, JsonOption, Place, StateOption, place_of
from notifiers.cli.paper import write_json

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from notifiers.config import Configuration

app = typer.Typer(help="The store: status, upgrade.", no_args_is_help=True)


@app.command()
def status(
    context: typer.Context, json: JsonOption = False, config: ConfigOption = None, state_dir: StateOption = None
) -> None:
    """Shows where the store is, its version, and what it holds."""
    from notifiers.cli.reading import looking_into

    place = place_of(context, config, state_dir)
    configuration = place.load()
    with looking_into(place, configuration) as connection:
        facts = {**_place(place, configuration), **_facts(connection)}
    if json:
        write_json(facts)
        return
    width = max(map(len, facts)) + 2
    for name, value in facts.items():
        print(f"{name.replace('_', ' ') + ':':<{width}}{value}")


@app.command()
def upgrade(context: typer.Context, config: ConfigOption = None, state_dir: StateOption = None) -> None:
    """Brings the store to the schema of this version. Only ever adds, so that older programs go on."""
    from notifiers.cli.reading import opened
    from notifiers.store import migrate

    place = place_of(context, config, state_dir)
    with opened(place, place.load()) as store, store.write() as connection:
        before = migrate.current(connection)
        if migrate.is_current(connection):
            print(f"the store is at version {before}; there is nothing to do")
            return
        migrate.upgrade(connection)
        print(f"the store went from version {before or 'none'} to {migrate.current(connection)}")


def _place(place: Place, configuration: Configuration) -> dict[str, Any]:
    kind = str(configuration.store.kind)
    if configuration.store.url is not None:
        return {"kind": kind}
    file = place.state / "brevisone.db"
    return {"kind": kind, "file": str(file), "bytes": file.stat().st_size}


def _facts(connection: Connection) -> dict[str, Any]:
    import sqlalchemy as sa

    from notifiers.store import escalations, listing, migrate, schema

    counted = (schema.entries, schema.alerts, schema.incidents, schema.messages, schema.attempts)
    counts = {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() for table in counted
    }
    return {
        "version": migrate.current(connection),
        "version_of_this_program": migrate.VERSIONS[-1],
        "is_current": migrate.is_current(connection),
        **counts,
        "open_incidents": listing.count_open(connection),
        "active_escalations": escalations.count_active(connection),
    }
