"""Draws the comparison in docs/drop-in.md from twenty calls; ``--check`` only says whether it is up to date.

What the plugin sends is made here by its documented format and its cut at 160 bytes; what we send comes from the real
parser and the real renderer.

python docs/compare_drop_in.py [--check]
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from integrations.brevisone_plugin.arguments import without_password
from integrations.brevisone_plugin.flags import read
from integrations.brevisone_plugin.parser import Plugin
from notifiers.alert import Channel
from notifiers.integration import Call, HandedOver
from notifiers.options import Options
from notifiers.rendering import Item, Occasion, Renderer
from notifiers.sms import Encoding, measure

PAGE = Path(__file__).with_name("drop-in.md")
BEGIN, END = "<!-- drawn by compare_drop_in.py -->\n", "<!-- end of what is drawn -->\n"
LIMIT, DOTS = 160, "..."
NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)

DATE = "--date '2026-01-31 03:12:00 +0100'"
DISK = "-H db1 -S disk -s CRITICAL -o '/var 98% used'"
SPACE = (
    "-H fileserver -S disk -s CRITICAL -o 'DISK CRITICAL - free space: /var 412 MB (2% inode=81%); /home 1.2 GB"
    " (7% inode=90%); /srv/backup 88 GB (44%); /opt 3.1 GB (61% inode=97%)'"
)
ORDERED = (
    "the disk was ordered last week and arrives tomorrow, until then somebody has to clean up by hand now and then"
)
QUEUES = '{"status": "error", "queues": [{"mail": 10}, {"sms": 20}, {"fax": 30}, {"letter": 40}, {"pigeon": 50}]}'
CALLS: dict[str, str] = {
    "a host is down": "--type PROBLEM -H db1 -s DOWN -o 'CRITICAL - Host Unreachable (192.0.2.17)'",
    "a service": f"--type PROBLEM {DISK}",
    "a recovery": "--type RECOVERY -H db1 -S disk -s OK -o '/var 40% used'",
    "with the date": f"{DATE} --type RECOVERY -H printer3 -s UP -o 'answers again'",
    "with a comment": f"{DATE} --type CUSTOM -H printer3 -S toner -s WARNING -o '12% left' -C ordered -a ben",
    "an acknowledgement": f"--type ACKNOWLEDGEMENT {DISK} -C 'am looking into it' -a anna",
    "a comment of nobody": "--type CUSTOM -H db1 -s UP -C 'only a test' -o 'PING OK'",
    "an author without a comment": "--type PROBLEM -H db1 -s DOWN -a anna -o 'no answer'",
    "a downtime": "--type DOWNTIMESTART -H db1 -s UP -C 'new disk' -a anna -o 'PING OK'",
    "flapping": "--type FLAPPINGSTART -H db1 -S http -s WARNING -o 'HTTP WARNING - 2.1 s'",
    "no output": "--type PROBLEM -H db1 -s DOWN -o ''",
    "a long output": f"--type PROBLEM {SPACE}",
    "a long output, with date and comment": f"{DATE} --type CUSTOM {SPACE} -C 'who knows this box?' -a ben",
    "umlauts, which are two bytes and one septet": "--type PROBLEM -H rack3 -S Lüfter -s WARNING -o 'Störung: Prüfung"
    " für Gehäuse überfällig, Kühlung läuft mit halber Stärke; nächste Maßnahme: Lüfter gegen größere tauschen'",
    "umlauts that fit": "--type PROBLEM -H rack3 -s DOWN -o 'Gehäuselüfter für Kühlung gestört'",
    "dashes and quotes that no phone's alphabet has": "--type PROBLEM -H web1 -S http -s CRITICAL -o 'HTTP CRITICAL –"
    " no „200 OK“ within 10 s – Server said: connection reset by peer while reading header'",
    "emoji": "--type PROBLEM -H build -S ci -s CRITICAL -o '🔥 build of main is broken since the last merge 🔥 step"
    " integration failed after 12 minutes 🔥 nobody can deploy 🔥🔥🔥'",
    "signs that count twice": f"--type PROBLEM -H web1 -S json -s CRITICAL -o '{QUEUES}'",
    "lines": "--type PROBLEM -H db1 -S raid -s CRITICAL -o 'RAID degraded\r\nsda ok\r\nsdb failed'",
    "a very long comment": f"--type ACKNOWLEDGEMENT {DISK} -C '{ORDERED}' -a anna",
}
"""What a call is about -> the call."""


def original(options: Options) -> bytes:
    """What the plugin sends, as its README shows it: ``[date/]TYPE: [service @ ]host - STATE`` and so on, then cut."""
    date, service, comment, output = (options.last(name) for name in ("date", "service", "comment", "output"))
    text = f"{date}/" if date else ""
    text += f"{options.last('type')}: " + (f"{service} @ " if service else "")
    text += f"{options.last('host')} - {options.last('state')}"
    if comment:
        author = options.last("author")
        text += f'\r\n"{comment}"' + (f" by {author}" if author else "")
    if output:
        text += f"\r\n{output}"
    whole = text.encode()
    return whole if len(whole) <= LIMIT else whole[: LIMIT - 4] + DOTS.encode()


def ours(argv: list[str], segments: int) -> str:
    """What notify-brevisone sends."""
    kept, _ = without_password(argv)
    entry = HandedOver(source="brevisone_plugin", received_at=NOW, call=Call(argv=tuple(kept)))
    item = Item(alert=Plugin().parse(entry)[0])
    occasion = Occasion(items=(item,), channel=Channel.SMS, now=NOW, segments=segments)
    return Renderer().render(occasion).body


def size(text: str) -> str:
    """As ``87 septets, 1 SMS``."""
    measured = measure(text)
    unit = "septets" if measured.encoding is Encoding.GSM else "UCS-2 units"
    return f"{measured.units} {unit}, {measured.segments} SMS"


def table() -> str:
    """The twenty calls, one below the other."""
    return "\n".join(line for number, what in enumerate(CALLS, 1) for line in _compared(number, what, CALLS[what]))


def _compared(number: int, what: str, call: str) -> Iterator[str]:
    argv = shlex.split(call)
    before = original(read(argv, {})).decode("utf-8", "replace")
    now = ours(argv, 1)
    yield f"**{number}. {what}**"
    yield ""
    yield f"    notify-brevisone … {call}".replace("\r\n", "⏎")
    yield ""
    yield "| | text | size |"
    yield "|---|---|---|"
    yield f"| the plugin | {_cell(before)} | {size(before)} |"
    yield f"| ours | {_cell(now)} | {size(now)} |"
    if measure(now).units > 150 and (longer := ours(argv, 2)) != now:
        yield f"| ours, two SMS | {_cell(longer)} | {size(longer)} |"
    yield ""


def _cell(text: str) -> str:
    shown = text.replace("\r\n", "⏎").replace("\n", "⏎").replace("|", "\\|").replace("`", "'")
    return f"`{shown}`"


def page() -> str:
    """The whole page, with the comparison drawn anew."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        if PAGE.read_text(encoding="utf-8") != page():
            sys.exit(f"{PAGE} is not what is drawn now: run python docs/compare_drop_in.py")
    else:
        PAGE.write_text(page(), encoding="utf-8")
