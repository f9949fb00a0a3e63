"""Makes what comes over HTTP durable: whatever arrives while the disk is busy is written together in the next round.

Requests await ``keep`` on the event loop; threads write. It knows the spool and nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from notifiers.engine.offers import Offer
from notifiers.entry import entry_from
from notifiers.errors import HandOverError
from notifiers.spool import boot_id, compose
from notifiers.spool_batch import AT_ONCE, keep_many
from notifiers.spool_folder import why_unwritable

WRITERS = 2
"""Threads: one stages files while the other waits for the disk."""
LARGEST_BATCH = 256
"""Entries written in one round."""
PATIENCE = 4.0
"""Seconds for the engine to take what the spool does not; senders wait ten and more."""
LONGEST_QUEUE = 64 * 1024 * 1024
"""Bytes that may wait to be written. What comes beyond is refused: its sender keeps it and tries again."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    name: str
    entry: bytes
    loop: asyncio.AbstractEventLoop
    durable: asyncio.Future[None]


class Keeper:
    """Writes entries into the spool of one STATE from ``start`` to ``stop``."""

    def __init__(self, state: Path, kept: Callable[[], None], offer: Callable[[Offer], None]) -> None:
        """``kept`` is called, from a writing thread, after each round in which something became durable.

        ``offer`` gives the engine what cannot be written into the spool.
        """
        self._state = str(state)
        self._kept = kept
        self._offer = offer
        self._boot = boot_id()
        self._chances: list[str] = []
        self._queue: list[_Waiting] = []
        self._bytes = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [threading.Thread(target=self._work, name="keeper", daemon=True) for _ in range(WRITERS)]
        self._together = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="keeper-sync")

    def start(self) -> None:
        """Write from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Write what waits, and no more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._together.shutdown()

    def compose(
        self, source: str, *, body: str | None = None, recipients: Iterable[str] = (), alerts_json: str | None = None
    ) -> tuple[str, bytes]:
        """An entry's id and its bytes, to be kept."""
        return compose(
            source,
            body=body,
            recipients=recipients,
            alerts_json=alerts_json,
            boot=self._boot,
            chance=self._chance(),
        )

    async def keep(self, name: str, entry: bytes) -> None:
        """Wait until the entry is durable, or the engine has it. Raises HandOverError if it is neither."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(name=name, entry=entry, loop=loop, durable=loop.create_future())
        with self._changed:
            if self._stopping:
                raise HandOverError("the service is stopping; try again")
            if self._bytes > LONGEST_QUEUE:
                raise HandOverError("the disk is too slow for what comes; try again")
            self._queue.append(waiting)
            self._bytes += len(entry)
            self._changed.notify()
        await waiting.durable

    def _chance(self) -> str:
        """Drawn in advance: each call of the kernel costs the event loop its turn while the other thread writes."""
        if not self._chances:
            drawn = os.urandom(8 * 512).hex()
            self._chances = [drawn[start : start + 16] for start in range(0, len(drawn), 16)]
        return self._chances.pop()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._stopping)
                batch, self._queue = self._queue[:LARGEST_BATCH], self._queue[LARGEST_BATCH:]
                self._bytes -= sum(len(waiting.entry) for waiting in batch)
                if not batch:
                    return
            self._write(batch)

    def _write(self, batch: list[_Waiting]) -> None:
        try:
            errors = keep_many(self._state, [(waiting.name, waiting.entry) for waiting in batch], self._together)
        except Exception as error:  # whoever waits must get an answer
            _log.exception("writing into the spool failed")
            errors = [OSError(f"{type(error).__name__}: {error}")] * len(batch)
        if any(errors):
            errors = self._offered(batch, errors)
        ends = [self._end(error) for error in errors]
        for loop in {waiting.loop for waiting in batch}:
            mine = [(waiting.durable, end) for waiting, end in zip(batch, ends, strict=True) if waiting.loop is loop]
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody is left to be answered
                loop.call_soon_threadsafe(_answer, mine)
        if None in errors:
            self._kept()

    def _offered(self, batch: list[_Waiting], errors: list[OSError | None]) -> list[OSError | None]:
        """Give what could not be written to the engine, which tells people from memory if it must; what is left."""
        offers = [Offer(entry_from(one.name, one.entry)) for one, error in zip(batch, errors, strict=True) if error]
        _log.error("%d hand-overs could not be written, and are given to the engine in memory", len(offers))
        for offer in offers:
            self._offer(offer)
        taken, patience = set(), PATIENCE
        for offer in offers:  # the engine takes all of them at once: who waited in vain for one need not for the others
            if offer.wait(patience):
                taken.add(offer.entry.id)
            else:
                patience = 0.0
        return [None if one.name in taken else error for one, error in zip(batch, errors, strict=True)]

    def _end(self, error: OSError | None) -> HandOverError | None:
        if error is None:
            return None
        why = why_unwritable(self._state, error)
        _log.error("a hand-over could not be made durable: %s", why)
        return HandOverError(why)


def _answer(ends: list[tuple[asyncio.Future[None], HandOverError | None]]) -> None:
    for durable, error in ends:
        if durable.done():  # the client left
            continue
        if error is None:
            durable.set_result(None)
        else:
            durable.set_exception(error)
