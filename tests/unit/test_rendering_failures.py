"""A template that fails never costs the alert: the built-in text goes out and the failure is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.rendering import Item, Occasion, Renderer, Text
from notifiers.sms import measure

NOW = datetime(2026, 1, 31, 2, 24, tzinfo=UTC)
DISK = Alert(
    source="icinga", kind=Kind.PROBLEM, severity=Severity.CRITICAL, host="db1", service="disk", summary="98% used",
    notes=("a note",),
)  # fmt: skip
BUILT_IN = "CRITICAL db1 / disk: 98% used (02:24)\na note\nACK 7F3"


def told(folder: Path, *alerts: Alert, channel: Channel = Channel.SMS, repeats: bool = False) -> Text:
    items = tuple(Item(alert=alert, opened_at=NOW) for alert in alerts or (DISK,))
    return Renderer(folder).render(
        Occasion(items=items, channel=channel, now=NOW, code="7F3", repeats=repeats, segments=1)
    )


def written(folder: Path, source: str, name: str = "sms/problem.en.j2") -> Path:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(source, encoding="utf-8")
    return folder


LOOP = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}x"

FAILING = {
    "syntax": ("x\n{% if %}", "sms/problem.en.j2:2: TemplateSyntaxError"),
    "unknown variable": ("\n\n{{ hots }}", "sms/problem.en.j2:3: UndefinedError: 'hots' is undefined"),
    "unknown filter": ("{{ host|upcase }}", "sms/problem.en.j2:1: TemplateAssertionError"),
    "missing include": ("{% include 'sms/none.j2' %}", "TemplateNotFound"),
    "private attribute": ("{{ item.__class__.__mro__ }}", "SecurityError"),
    "way out of the sandbox": ("{{ ''.__class__.__base__.__subclasses__() }}", "SecurityError"),
    "changes what it was given": ("{{ items.append(1) }}", "SecurityError"),
    "endless loop": (LOOP, "more than 20000 turns"),
    "loop over texts": (LOOP.replace("range(9999)", "('x' * 9999)"), "more than 20000 turns"),
    "huge range": ("{% for a in range(10 ** 9) %}{% endfor %}", "TemplateError"),
    "recursion": ("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}", "sms/problem.en.j2:1"),
    "recursive loop": ("{% for a in [[1]] recursive %}{{ loop(a) }}{% endfor %}", "recursive loops"),
    "huge product": ("{{ 'x' * 10 ** 9 }}", "TemplateError"),
    "huge power": ("{{ 9 ** 9 ** 9 }}", "TemplateError"),
    "huge list": ("{{ [1, 2] * 100000 }}", "TemplateError"),
    "doubling by ~": (
        "{% set n = namespace(x='xx') %}{% for a in range(90) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
        "more than 200000 characters",
    ),
    "doubling by +": (
        "{% set n = namespace(x='xx') %}{% for a in range(90) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
        "more than 200000 characters",
    ),
    "huge output": ("{% for a in range(9000) %}{{ 'x' * 100 }}{% endfor %}", "more than 200000 characters"),
    "wide": ("{{ host|center(10 ** 4 * 99999) }}", "number beyond"),
    "wide method": ("{{ host.ljust(99999999999) }}", "number beyond"),
    "wide format": ("{{ '%99999999999d' % 1 }}", "format wider"),
    "wide format filter": ("{{ '%99999999999d'|format(1) }}", "format wider"),
    "wide format by argument": ("{{ '%*d' % (99999999999, 1) }}", "format wider"),
    "division by zero": ("{{ 1 / 0 }}", "ZeroDivisionError"),
    "nothing printed": ("{# later #}\n  ", "prints nothing"),
}


@pytest.mark.parametrize(("source", "failure"), FAILING.values(), ids=FAILING.keys())
def test_the_built_in_text_goes_out(tmp_path: Path, source: str, failure: str) -> None:
    """With all that matters, and with the reason for whoever has to mend the template."""
    text = told(written(tmp_path, source))
    assert text.body == BUILT_IN
    assert text.template == "built-in"
    assert text.failure.startswith("sms/problem.en.j2")
    assert failure in text.failure
    assert text.size == measure(text.body)


def test_a_template_that_is_no_text_fails_alike(tmp_path: Path) -> None:
    """Latin-1 bytes in a file are no reason to be silent."""
    written(tmp_path, "")
    (tmp_path / "sms/problem.en.j2").write_bytes(b"Gr\xfc\xdfe {{ host }}")
    text = told(tmp_path)
    assert text.body == BUILT_IN
    assert "UnicodeDecodeError" in text.failure


def test_one_failing_template_spoils_no_other(tmp_path: Path) -> None:
    """Counts of one rendering do not run on into the next."""
    renderer = Renderer(written(tmp_path, LOOP))
    occasion = Occasion(items=(Item(alert=DISK),), channel=Channel.SMS, now=NOW)
    for _ in range(3):
        assert renderer.render(occasion).failure
        assert not renderer.render(replace(occasion, language="de")).failure


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.TELEGRAM])
def test_the_built_in_digest_counts_names_and_can_be_answered(tmp_path: Path, channel: Channel) -> None:
    """Also a storm is told without templates."""
    for name in ("sms/digest.en.j2", "telegram/digest.en.j2"):
        written(tmp_path, "{{ missing }}", name)
    body = told(tmp_path, *(replace(DISK, host=f"db{n:04}") for n in range(500)), channel=channel, repeats=True).body
    lines = body.splitlines()
    assert lines[:2] == ["500:", "CRITICAL db0000/disk"]
    assert lines[-1] == "ACK 7F3"
    named = sum(line.startswith("CRITICAL db") for line in lines)
    assert lines[-2] == f"+ {500 - named} (repeated)"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{{ host }} is down", id="forgotten"),
        pytest.param("{{ 'x' * 900 }} {{ 'ACK ' ~ code }}", id="in a part that is cut"),
    ],
)
def test_a_template_cannot_lose_the_code(tmp_path: Path, source: str) -> None:
    """It is put at the end if the text lacks it."""
    text = told(written(tmp_path, source))
    assert text.body.endswith("\nACK 7F3")
    assert text.failure == ""
    assert text.size is not None
    assert text.size.segments == 1


def test_a_code_told_in_other_words_is_not_told_twice(tmp_path: Path) -> None:
    """What counts is that it is there."""
    assert told(written(tmp_path, "{{ host }}: reply {{ code }}!")).body == "db1: reply 7F3!"
    assert told(written(tmp_path, "{{ host }}x{{ code }}")).body == "db1x7F3\nACK 7F3"


def test_threads_render_beside_each_other(tmp_path: Path) -> None:
    """What one rendering takes is not counted against another."""
    renderer = Renderer(written(tmp_path, "{% for a in range(9000) %}{{ '.' if a == 1 else '' }}{% endfor %}"))
    occasion = Occasion(items=(Item(alert=DISK),), channel=Channel.SMS, now=NOW)
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: renderer.render(occasion), range(40)))
    assert {(text.body, text.failure) for text in texts} == {(".", "")}


def test_control_characters_of_a_template_are_not_sent(tmp_path: Path) -> None:
    """What a gateway or a phone might act on goes."""
    assert told(written(tmp_path, "a\x00b\x1b[0m {{ answer }}")).body == "ab[0m ACK 7F3"


def test_templates_may_be_written_in_parts(tmp_path: Path) -> None:
    """Macros, blocks and includes keep what they mark."""
    written(tmp_path, "{% macro place(item) %}{{ item.host }}/{{ item.service }}{% endmacro %}", "sms/_own.j2")
    source = (
        "{% import 'sms/_own.j2' as own %}{% set p %}{{ own.place(item) }}{% endset %}{{ p }}{{ output|after(' ') }}"
    )
    text = told(written(tmp_path, source + "{{ answer|after(' ') }}"), replace(DISK, summary="x" * 500))
    assert text.body.startswith("db1/disk xxx")
    assert text.body.endswith("xx... ACK 7F3")
