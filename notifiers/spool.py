"""The spool, for those who hand over: entry scripts and webhooks. One JSON file an entry, durable when it is there.

An entry script pays for every import, so this module needs only what each interpreter has loaded before it runs
anything. It must never import json, re, enum, typing or dataclasses, nor ``from __future__``, which is a module too.
The engine's side is ``spool_reader``; folders and their modes are ``spool_folder``.
"""

import errno
import os
import stat
import time

TYPE_CHECKING = False  # typing costs more than the whole hand-over
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VERSION = 1
"""Of an entry's form. A reader leaves alone what is newer than it knows."""
LIMIT = 4 * 1024 * 1024
"""Bytes of the largest entry that a reader takes."""
NO_BOOT = "00000000"
"""In a name: the kernel's boot id could not be read, so that only the wall clock orders this entry."""

_DEFAULT_STATE = "/var/lib/brevisone"
_CUT = 16 * 1024
_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x20)} | {0x22: '\\"', 0x5C: "\\\\", 0x0A: "\\n", 0x09: "\\t"}
_UNSYNCABLE = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)


def state_dir(environ: "Mapping[str, str]") -> str:
    """Where entry scripts find STATE: ``$BREVISONE_STATE``, else ``/var/lib/brevisone``; never a home folder."""
    return environ.get("BREVISONE_STATE") or _DEFAULT_STATE


def hand_over(
    state: str,
    source: str,
    *,
    argv: "Iterable[str] | None" = None,
    env: "Mapping[str, str] | None" = None,
    body: str | None = None,
    recipients: "Iterable[str]" = (),
    alerts_json: str | None = None,
) -> str:
    """Make one call, one body or one JSON list of alerts durable, and return its id.

    Raises HandOverError, saying which path, why and what to do, if it is not durable.
    """
    name, entry = compose(source, argv=argv, env=env, body=body, recipients=recipients, alerts_json=alerts_json)
    try:
        keep(state, name, entry)
    except OSError as error:
        from notifiers.errors import HandOverError
        from notifiers.spool_folder import why_unwritable

        raise HandOverError(why_unwritable(state, error)) from error
    return name


def compose(
    source: str,
    *,
    argv: "Iterable[str] | None" = None,
    env: "Mapping[str, str] | None" = None,
    body: str | None = None,
    recipients: "Iterable[str]" = (),
    alerts_json: str | None = None,
    boot: str | None = None,
    chance: str = "",
) -> tuple[str, bytes]:
    """An entry's id and its bytes: one line of JSON without its end. Give a call, a body, or alerts.

    For callers that compose many: ``boot`` is what ``boot_id`` says, ``chance`` 16 hexadecimal digits, new each time.
    """
    wall, monotonic = time.time_ns(), time.monotonic_ns()
    if boot is None:
        boot = boot_id()
    name = entry_id(wall, boot, monotonic, os.getpid(), chance or os.urandom(8).hex())
    head = (
        f'{{"version":{VERSION},"id":"{name}","source":{_text(source)},"received_at":"{_rfc3339(wall)}"'
        f',"boot":{_text(boot)},"monotonic":{monotonic}'
    )
    if alerts_json is not None:
        rest = f',"alerts":{alerts_json}}}'
    elif body is not None:
        rest = f',"body":{_text(body)},"recipients":{_list(recipients)}}}'
    else:
        argv, env = list(argv or ()), dict(env or {})
        rest = _call(argv, env)
        if len(rest) > LIMIT // 6:  # no character takes more than six bytes
            rest = _call_within_limit(argv, env, rest)
    return name, (head + rest).encode("utf-8", "backslashreplace")


def keep(state: str, name: str, entry: bytes) -> None:
    """Write an entry into the spool; it is durable when this returns. Makes STATE on first use, if its parent allows.

    Raises OSError, and then leaves nothing behind in ``tmp/``.
    """
    if len(entry) > LIMIT:
        raise OSError(errno.EFBIG, f"an entry of {len(entry)} bytes is larger than {LIMIT} bytes")
    try:
        _write(state + "/spool", name + ".json", entry)
    except FileNotFoundError:  # the first use, or the file was swept from tmp/ after a stall of an hour
        from notifiers.spool_folder import make_folders

        make_folders(state)
        _write(state + "/spool", name + ".json", entry)


def poke(state: str) -> bool:
    """Tell the engine that something waits. True if an engine listens; it is behind, but there, if its pipe is full."""
    try:
        pipe = os.open(state + "/poke", os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:  # ENXIO: the pipe is there, but nobody reads from it
        return False
    try:
        node = os.fstat(pipe)
        if not stat.S_ISFIFO(node.st_mode) or not trusted(state, node):
            return False
        os.write(pipe, b"\n")
    except BlockingIOError:
        pass
    except OSError:
        return False
    finally:
        os.close(pipe)
    return True


def service_marked(state: str) -> bool:
    """Whether STATE says that a service works here, so that scripts must not run the engine themselves."""
    try:
        node = os.lstat(state + "/service")
        return stat.S_ISREG(node.st_mode) and trusted(state, node)
    except OSError:
        return False


def trusted(state: str, node: os.stat_result) -> bool:
    """Whether a node in STATE belongs to STATE's owner or to root, and is nobody else's trick. Raises OSError."""
    return node.st_uid in (0, os.stat(state).st_uid)


def entry_id(wall: int, boot: str, monotonic: int, pid: int, chance: str) -> str:
    """An id, which is the stem of the entry's file: clocks in nanoseconds, so that names alone give the order.

    ``chance`` (16 hexadecimal digits) keeps names from being guessed in folders that only the service may list.
    """
    return f"{wall:020d}-{boot[:8] or NO_BOOT}-{monotonic:020d}-{pid}-{chance}"


def boot_id() -> str:
    """The kernel's name of this boot (random(4)), within which the monotonic clock orders; empty if unknown."""
    try:
        source = os.open("/proc/sys/kernel/random/boot_id", os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(source, 64).decode("ascii").strip()
    finally:
        os.close(source)


def _write(spool: str, file: str, entry: bytes) -> None:
    tmp, new = f"{spool}/tmp/{file}", f"{spool}/new/{file}"  # noqa: S108 - not the system's /tmp
    handle = os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640)
    try:
        os.fchmod(handle, 0o640)  # whatever the umask
        if os.geteuid() == 0:
            owner = os.stat(spool)
            os.fchown(handle, owner.st_uid, -1)  # else an engine of another user could not read what root handed over
        rest = memoryview(entry)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
        os.rename(tmp, new)
        _sync_folder(spool + "/new", handle)
    except OSError:
        _unlink_quietly(tmp)
        raise
    finally:
        os.close(handle)


def _sync_folder(folder: str, file: int) -> None:
    """Make the rename durable.

    A member of the service's group may not open the folder for reading, without which it cannot be synced. Syncing the
    renamed file does the same: ext4, XFS and Btrfs commit its new name with it.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        os.fsync(file)
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _UNSYNCABLE:
            raise
    finally:
        os.close(handle)


def _unlink_quietly(path: str) -> None:
    try:  # noqa: SIM105 - contextlib is one import too many
        os.unlink(path)
    except OSError:
        pass


def _call_within_limit(argv: list[str], env: dict[str, str], rest: str) -> str:
    """The call as it is, or with each text cut, if it would be larger than a reader takes."""
    if len(rest.encode("utf-8", "backslashreplace")) < LIMIT - 1024:
        return rest
    return _call([text[:_CUT] for text in argv], {name: text[:_CUT] for name, text in env.items()})


def _call(argv: list[str], env: dict[str, str]) -> str:
    pairs = ",".join([f"{_text(name)}:{_text(value)}" for name, value in env.items()])
    return f',"call":{{"argv":{_list(argv)},"env":{{{pairs}}}}}}}'


def _list(texts: "Iterable[str]") -> str:
    return "[" + ",".join([_text(text) for text in texts]) + "]"


def _text(text: str) -> str:
    """A JSON text. Bytes that were no UTF-8 are lone surrogates here, and are escaped when the whole is encoded."""
    return '"' + text.translate(_ESCAPES) + '"'


def _rfc3339(wall: int) -> str:
    seconds, rest = divmod(wall, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // 1000:06d}Z"
