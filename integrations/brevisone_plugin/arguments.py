"""The flags of the plugin, and what must happen to them before anything else: the password leaves the call.

The entry script imports this on its usual way, so it needs only what each interpreter has loaded already.
"""

import os

from notifiers import spool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONFIGURATION = "/etc/brevisone/brevisone.yaml"
"""Where the configuration is if nobody says otherwise."""
NO_CONFIGURATION = os.devnull
"""As $BREVISONE_CONFIG: work from the flags alone, whatever is configured."""

FLAGS: "tuple[tuple[str, tuple[str, ...], bool], ...]" = (
    # What the plugin knows, by every spelling that it had.
    ("gateway", ("--gateway", "-g"), False),
    ("username", ("--username", "-u"), False),
    ("password", ("--password", "-p"), False),
    ("insecure", ("--insecure",), True),
    ("no-tls", ("--no-tls", "--doNotUseTLS"), True),
    ("use-tls", ("--useTls",), True),
    ("legacy", ("--use-legacy-http-api", "--useLegacyHttpApi"), True),
    ("to", ("--target", "-T", "--to"), False),
    ("target-type", ("--target-type", "--targetType"), False),
    ("ring", ("--ring", "-R"), True),
    ("type", ("--type",), False),
    ("host", ("--host", "-H"), False),
    ("service", ("--service", "-S"), False),
    ("state", ("--state", "-s"), False),
    ("output", ("--output", "-o"), False),
    ("comment", ("--comment", "-C"), False),
    ("author", ("--author", "-a"), False),
    ("date", ("--date",), False),
    ("timeout", ("--timeout", "-t"), False),
    ("debug", ("--debug", "-d"), True),
    ("verbose", ("--verbose", "-v"), True),
    ("version", ("--version", "-V"), True),
    ("help", ("--help", "-h"), True),
    # Ours: how to trust the gateway, and how long a text may be, where there is no configuration to say so.
    ("fingerprint", ("--fingerprint",), False),
    ("ca", ("--ca",), False),
    ("segments", ("--segments",), False),
    # Ours: what notify-icinga knows beyond the plugin.
    ("long-output", ("--long-output",), False),
    ("address", ("--address",), False),
    ("display-name", ("--display-name",), False),
    ("problem-id", ("--problem-id",), False),
    ("number", ("--number",), False),
    ("url", ("--url",), False),
    ("channel", ("--channel",), False),
    ("label", ("--label",), False),
    ("instance", ("--instance",), False),
)
"""Name, spellings, and whether it stands alone."""

_SPELLED = {spelling: (name, alone) for name, spellings, alone in FLAGS for spelling in spellings}


def without_password(argv: "Sequence[str]") -> tuple[list[str], str]:
    """The arguments without the password, and the password (empty if there is none).

    Short flags that were run together, as ``-Rd`` or ``-pSECRET``, are taken apart; all else stays as it is.
    """
    kept: list[str] = []
    password = ""
    words = [part for word in _apart(argv) for part in word]
    position = 0
    while position < len(words):
        word, is_value = words[position]
        position += 1
        spelling, sign, value = word.partition("=")
        if is_value or _name(spelling) != "password":
            kept.append(word)
        elif sign:
            password = value
        elif position < len(words) and words[position][1]:
            password = words[position][0]
            position += 1
    return kept, password


def is_configured(environ: "Mapping[str, str]", file: str = CONFIGURATION) -> bool:
    """Whether there is a notifier to hand over to: its service, or a configuration, be it readable or not."""
    named = environ.get("BREVISONE_CONFIG", "")
    if named == NO_CONFIGURATION:
        return False
    if named or spool.service_marked(spool.state_dir(environ)):
        return True
    try:
        os.stat(file)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # it is there, and not for this user
    return True


def _name(spelling: str) -> str:
    return _SPELLED.get(spelling, ("", True))[0]


def _apart(argv: "Sequence[str]") -> "list[list[tuple[str, bool]]]":
    """Each argument as the words it stands for, with whether a word is the value of the flag before it."""
    words: list[list[tuple[str, bool]]] = []
    expects = False
    for word in argv:
        if expects and word not in _SPELLED:
            words.append([(word, True)])
            expects = False
            continue
        group = _ungrouped(word)
        words.append(group)
        last, is_value = group[-1]
        expects = not is_value and last in _SPELLED and not _SPELLED[last][1]
    return words


def _ungrouped(word: str) -> list[tuple[str, bool]]:
    """``-RT0170`` as ``-R -T 0170``; anything that is no such group as it is."""
    if word in _SPELLED or len(word) < 3 or word[0] != "-" or word[1] == "-" or word[2] == "=":
        return [(word, False)]
    parts: list[tuple[str, bool]] = []
    for position, letter in enumerate(word[1:], start=2):
        if "-" + letter not in _SPELLED:
            return [(word, False)]
        parts.append(("-" + letter, False))
        if not _SPELLED["-" + letter][1]:
            rest = word[position:]
            return [*parts, (rest.removeprefix("="), True)] if rest else parts
    return parts
