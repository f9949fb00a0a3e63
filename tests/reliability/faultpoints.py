"""Fault points: every durable step of the product, found by watching the calls that the interpreter makes.

Nothing in the product knows of them. A process that is armed kills itself by SIGKILL just before or just after the
n-th time that it comes to one of these steps. Nothing is imported here that an entry script would not import.
"""

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

BEFORE, AFTER = "before", "after"
EDGES = (BEFORE, AFTER)

# name -> (the function that is called, the end of the file or the module that it is in, one that called it, or "")
HAND_OVER = {
    "hand-over: make the file": ("open", "posix", "_write"),
    "hand-over: write": ("write", "posix", "_write"),
    "hand-over: fsync the file": ("fsync", "posix", "_write"),
    "hand-over: rename": ("rename", "posix", "_write"),
    "hand-over: fsync the folder": ("fsync", "posix", "_sync_folder"),
    "hand-over: poke": ("poke", "notifiers/spool.py", ""),
}
ENGINE = {
    "start: open the store": ("open_store", "notifiers/store/connect.py", ""),
    "take-in: read": ("read_entry", "notifiers/entry.py", ""),
    "take-in: decide": ("take", "notifiers/engine/deciding.py", ""),
    "take-in: commit": ("do_commit", "sqlalchemy/engine/default.py", "take_entries"),
    "take-in: unlink": ("unlink", "posix", "remove"),
    "journal: commit": ("do_commit", "sqlalchemy/engine/default.py", "journal_first"),
    "request: connect": ("dial", "notifiers/gateway/dial.py", ""),
    "request: send": ("sendall", "notifiers/gateway/connection.py", ""),
    "answer: read": ("read_answer", "notifiers/gateway/answers.py", ""),
    "answer: hand back": ("_finished", "notifiers/engine/collecting.py", ""),
    "record: commit": ("do_commit", "sqlalchemy/engine/default.py", "record"),
    "lapse: write": ("write", "notifiers/engine/ledger.py", "pass_to"),
}
AFTER_A_CRASH = {
    "give up: commit": ("do_commit", "sqlalchemy/engine/default.py", "give_up_leases"),
}
"""Only an engine that finds what another one left comes here."""
WEBHOOK = {
    "webhook: write": ("write", "posix", "_stage"),
    "webhook: fsync the file": ("fsync", "posix", "_sync_file"),
    "webhook: rename": ("rename", "posix", "_move"),
    "webhook: fsync the folder": ("fsync", "posix", "_sync_folder"),
    "webhook: answer": ("_answer", "notifiers/service/keeper.py", ""),
}
POINTS = {**HAND_OVER, **ENGINE, **AFTER_A_CRASH, **WEBHOOK}


def arm(
    point: str = "", edge: str = BEFORE, times: int = 1, *, tell: "Callable[[str, str], None] | None" = None
) -> None:
    """Die at the ``times``-th coming to a point; with ``tell`` count every coming to any point and tell it instead.

    Threads that are started later are watched too.
    """
    wanted = {point: POINTS[point]} if point else POINTS
    by_name: dict[str, list[tuple[str, str, str]]] = {}
    for name, (function, home, caller) in wanted.items():
        by_name.setdefault(function, []).append((name, home, caller))
    left = [times]

    def reached(name: str, at: str) -> None:
        if tell is not None:
            tell(name, at)
        elif at == edge:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(frame: "FrameType", event: str, argument: "Any") -> None:
        built_in = event.startswith("c_")  # c_call, c_return, c_exception; the argument is what is called
        found = by_name.get(argument.__name__ if built_in else frame.f_code.co_name)
        if found is None:
            return
        home = (argument.__module__ if built_in else frame.f_code.co_filename) or ""
        at = BEFORE if event in ("call", "c_call") else AFTER
        for name, its_home, caller in found:
            if home.endswith(its_home) and (not caller or _is_called_by(frame, caller)):
                reached(name, at)

    sys.setprofile(watch)
    if "threading" in sys.modules:
        sys.modules["threading"].setprofile(watch)


def _is_called_by(frame: "FrameType | None", caller: str) -> bool:
    """Whether a function of ours that is called so is somewhere above."""
    while frame is not None:
        if frame.f_code.co_name == caller and "notifiers" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False
