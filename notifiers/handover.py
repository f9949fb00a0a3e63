"""What an entry script does: write down how it was called, poke the engine, and say on stderr what went wrong.

It never looks into what it hands over. On its usual way it imports no more than ``spool`` does; every other way imports
what it needs.
"""

import os
import sys

from notifiers import spool

HANDED_OVER, LOST, NOTHING = 0, 2, 3
"""Exit codes."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRETS = ("PASSWORD", "PASSWD", "SECRET", "TOKEN")
_NOT_OURS = ("NOTIFY_SOCKET",)  # systemd's, and inherited from a daemon that it started


def run(source: str, prefixes: tuple[str, ...], package: str) -> None:
    """``main``, and then the end of this process, which is all that an entry script is.

    An interpreter that tears itself down costs more than the hand-over. Here nothing is left to tear down, since what
    was said went out unbuffered; only an engine that worked in this process needs an orderly end.
    """
    end(main(source, prefixes, package))


def end(code: int) -> None:
    """End this process, as ``run`` says."""
    if "notifiers.engine" in sys.modules or "notifiers.gateway" in sys.modules:
        sys.exit(code)
    os._exit(code)


def main(source: str, prefixes: tuple[str, ...], package: str) -> int:
    """Hand over this process's call, and return its exit code.

    ``prefixes`` are the beginnings of the names of environment variables that belong to the call; ``package`` is the
    integration's, which is imported only if a person asks for help or looks on.
    """
    argv = begin()
    if argv in (["--help"], ["-h"], ["--version"]):
        from notifiers.terminal import answer

        return answer(argv[0], package)
    env = variables(os.environ, prefixes)
    if not argv and not env:
        say("nothing to hand over: there are neither arguments nor variables; --help shows both")
        return NOTHING
    state = spool.state_dir(os.environ)
    name, entry = spool.compose(source, argv=argv, env=env)
    code = keep(state, name, entry)
    if code is not None:
        return code
    if os.isatty(1):
        from notifiers.terminal import explain

        explain(source, package, name, argv, env)
    wake(state)
    return HANDED_OVER


def begin() -> list[str]:
    """Make this process fit to hand over, whatever its caller left it, and return its arguments as UTF-8."""
    _fill_closed_handles()
    os.umask(0o027)
    return _as_utf8(sys.argv[1:])


def keep(state: str, name: str, entry: bytes) -> int | None:
    """Make an entry durable: None, and then the engine is to be woken. Else it was delivered or lost: the exit code."""
    try:
        spool.keep(state, name, entry)
    except OSError as error:
        sys.dont_write_bytecode = True  # a full disk would keep half a module, and the next alert stumble over it
        from notifiers.without_spool import deliver

        return deliver(state, entry, error)
    return None


def wake(state: str) -> None:
    """Let the engine know, or be it. What goes wrong here is told, and costs nothing: the entry is durable."""
    if spool.service_marked(state):
        if not spool.poke(state):
            say(f"handed over; the service does not answer, the alert waits in {state}/spool/new")
        return
    try:
        owner, me = os.stat(state).st_uid, os.geteuid()
        if owner != me:
            say(
                f"handed over, but nobody works on it: no service runs on {state}, and only its owner (user id {owner},"
                f" this is {me}) may run the engine; start brevisone serve, or call this as that user"
            )
            return
        from notifiers.engine.inline import run_inline

        run_inline(state, os.environ)
    except Exception as error:
        say(f"handed over, but the engine failed: {type(error).__name__}: {error}; brevisone run-once tries again")


def variables(environ: "Mapping[str, str]", prefixes: tuple[str, ...]) -> dict[str, str]:
    """The variables that belong to the call: set, called as ``prefixes`` say, and by their name no secret."""
    names = [name for name in environ if name.startswith(prefixes) and name not in _NOT_OURS]
    texts = _as_utf8([environ[name] for name in names])
    return {name: text for name, text in zip(names, texts, strict=True) if text and not is_secret(name)}


def is_secret(name: str) -> bool:
    """Whether a variable of this name must not be written down."""
    return any(word in name for word in _SECRETS)


def say(line: str, handle: int = 2) -> None:
    """Tell the caller, who may have closed the handle long ago: that must not cost an alert."""
    text = f"{os.path.basename(sys.argv[0])}: {line}\n" if handle == 2 else line + "\n"
    try:  # noqa: SIM105 - contextlib is one import too many
        os.write(handle, text.encode("utf-8", "backslashreplace"))
    except OSError:
        pass


def _as_utf8(texts: list[str]) -> list[str]:
    """What callers write is UTF-8, whatever the locale of this process makes of it."""
    if sys.getfilesystemencoding() == "utf-8":
        return texts
    return [os.fsencode(text).decode("utf-8", "surrogateescape") for text in texts]


def _fill_closed_handles() -> None:
    """A caller may start us without stdin, stdout or stderr; a file of ours must not take their place."""
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        handle = os.open(os.devnull, os.O_RDWR)
        while handle < 3:
            handle = os.dup(handle)
        os.close(handle)
