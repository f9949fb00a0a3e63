"""How many rows a database goes through for each statement, which is what makes a store slow as it grows."""

from __future__ import annotations

from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy import Connection, event

STEPS_A_ROW = 5
"""SQLite counts steps of its machine instead: so many go by for a row that is looked at and passed over."""
_OFTEN = 20
"""Steps after which it reports."""
_ROWS = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables"


class Visits:
    """While it is entered it counts the rows that every statement of every store goes through."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}
        """Statement -> rows that it went through, where it went through the most; of many at once, for one of them."""
        self._statement = ""
        self._for = 1
        self._steps = 0
        self._before = 0

    def __enter__(self) -> Self:
        event.listen(sa.Engine, "before_cursor_execute", self._begin)
        event.listen(sa.Engine, "after_cursor_execute", self._end)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(sa.Engine, "before_cursor_execute", self._begin)
        event.remove(sa.Engine, "after_cursor_execute", self._end)

    def _begin(
        self, connection: Connection, _cursor: object, statement: str, given: Any, _context: object, many: bool
    ) -> None:
        self._statement, self._for, self._steps = statement, len(given) if many else 1, 0
        self._note(0)
        driver: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            driver.set_progress_handler(self._step, _OFTEN)  # it goes on counting while rows are fetched
        else:
            self._before = driver.execute(_ROWS).fetchone()[0] or 0

    def _end(
        self, connection: Connection, _cursor: object, _statement: str, _given: object, _context: object, _many: bool
    ) -> None:
        if connection.dialect.name != "sqlite":
            driver: Any = connection.connection.driver_connection
            self._note((driver.execute(_ROWS).fetchone()[0] or 0) - self._before)

    def _step(self) -> int:
        self._steps += _OFTEN
        self._note(self._steps // STEPS_A_ROW)
        return 0

    def _note(self, rows: int) -> None:
        self.most[self._statement] = max(self.most.get(self._statement, 0), rows // self._for)
