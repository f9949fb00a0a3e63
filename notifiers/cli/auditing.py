"""``audit``: the account of all alerts; whether each was told, or why it was not."""

from __future__ import annotations

import typer

from notifiers.cli import codes
from notifiers.cli.options import ConfigOption, JsonOption, StateOption, place_of
from notifiers.cli.paper import complain, write_json, write_table


def audit(
    context: typer.Context, json: JsonOption = False, config: ConfigOption = None, state_dir: StateOption = None
) -> None:
    """Checks that every alert that was handed over was told, or why it was not; ends with 1 if one was lost."""
    from notifiers.cli.reading import looking_into
    from notifiers.clock import SystemClock
    from notifiers.spool_reader import Spool
    from notifiers.store.accounts import take_account

    place = place_of(context, config, state_dir)
    configuration = place.load()
    spool = Spool(place.state)
    waiting, rejected = spool.count(), spool.rejected()
    with looking_into(place, configuration) as connection:
        account = take_account(connection, since=SystemClock().now() - configuration.keep)
    if json:
        write_json(
            {
                "balances": account.balances,
                "alerts": account.total,
                "counts": {verdict.value: count for verdict, count in sorted(account.counts.items())},
                "unknown_attempts": account.unknown,
                "waiting": waiting,
                "rejected": [one.name for one in rejected],
                "lost": [one.to_json() for one in account.lost],
            }
        )
    else:
        write_table(("alerts", "came to"), [(str(n), v.value) for v, n in account.counts.most_common() if n])
        print(f"{account.total} alerts; {waiting} entries wait to be taken in, {len(rejected)} were rejected")
        print(f"{account.unknown} attempts whose outcome nobody knows: only these may have told somebody twice")
        if account.lost:
            write_table(("entry", "what", "why"), [(one.entry_id, one.what, one.why) for one in account.lost])
    if not account.balances:
        complain(f"the account does not balance: {len(account.lost)} alerts are lost")
        raise typer.Exit(codes.PROBLEM)
