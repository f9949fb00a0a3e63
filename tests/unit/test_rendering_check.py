"""Checking a user's templates finds what would fail, with file and line, before an alert depends on it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from notifiers.rendering import Renderer


def problems(folder: Path, name: str, source: str) -> list[str]:
    """What is wrong with one file, without the folder."""
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(source, encoding="utf-8")
    return [problem.removeprefix(f"{folder}/") for problem in Renderer(folder).check()]


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        pytest.param("sms/problem.en.j2", "x\n{% if %}", "sms/problem.en.j2:2: Expected an expression", id="syntax"),
        pytest.param("sms/problem.en.j2", "\n{{ hots }}", "sms/problem.en.j2: there is no variable 'hots'", id="name"),
        pytest.param(
            "sms/problem.en.j2",
            "x{% if number == 99 %}{{ hots }}{% endif %}",
            "there is no variable 'hots'",
            id="a name that hardly ever matters",
        ),
        pytest.param("sms/digest.de.j2", "{{ host }}", "there is no variable 'host'", id="digests have items"),
        pytest.param("sms/problem.en.j2", "x\n{{ item.hots }}", "sms/problem.en.j2:2: UndefinedError", id="attribute"),
        pytest.param("telegram/problem.en.j2", "x\n{{ 1 / 0 }}", "telegram/problem.en.j2:2: ZeroDiv", id="run time"),
        pytest.param(
            "sms/recovery.fr.j2", "{{ resolved_at.hour }}", "UndefinedError", id="what only some alerts have"
        ),
        pytest.param("sms/custom.de.j2", "{{ answer }}{{ 'x'|up }}", "No filter named 'up'", id="filter"),
        pytest.param("sms/custom.de.j2", "{% if code %}{% endif %}", "prints nothing", id="nothing"),
        pytest.param("sms/problm.en.j2", "x", "is never used; did you mean sms/problem.en.j2?", id="misspelt"),
        pytest.param("mail/problem.en.j2", "x", "mail/problem.en.j2: is never used", id="channel that has none"),
        pytest.param("sms/problem.j2", "x", "is never used; did you mean sms/problem.", id="no language"),
        pytest.param("sms/problem.DE.j2", "x", "is never used", id="language spelt in capitals"),
        pytest.param("sms/notes.txt", "x", "is never used; names are", id="not a template"),
    ],
)  # fmt: skip
def test_problems_are_found(tmp_path: Path, name: str, source: str, expected: str) -> None:
    """One mistake, one sentence."""
    found = problems(tmp_path, name, source)
    assert len(found) == 1
    assert expected in found[0]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        pytest.param("sms/problem.en.j2", "{{ head }} {{ host }} {{ labels.any }} {{ answer }}", id="plain"),
        pytest.param(
            "sms/problem.pt-BR.j2", "{{ item.host }}{% for i in range(3) %}{{ i }}{% endfor %}", id="language"
        ),
        pytest.param("telegram/digest.de.j2", "{% for i in items %}{{ i.host }}{% endfor %}{{ total }}", id="digest"),
        pytest.param("sms/_own.j2", "{% macro m(x) %}{{ x }}{% endmacro %}", id="for inclusion"),
    ],
)
def test_good_templates_have_no_problems(tmp_path: Path, name: str, source: str) -> None:
    """Nothing is made up."""
    assert problems(tmp_path, name, source) == []


def test_the_shipped_templates_pass(tmp_path: Path) -> None:
    """Copied as a start for one's own they are without fault."""
    shipped = Path(str(files("templates")))
    for file in shipped.rglob("*.j2"):
        if file.parent.name in ("sms", "telegram"):
            (tmp_path / file.parent.name).mkdir(exist_ok=True)
            (tmp_path / file.parent.name / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    assert Renderer(tmp_path).check() == []


def test_all_files_are_looked_at(tmp_path: Path) -> None:
    """Ten mistakes, ten sentences."""
    (tmp_path / "sms").mkdir()
    for number in range(10):
        (tmp_path / f"sms/own{number}.en.j2").write_text("x")
    assert len(Renderer(tmp_path).check()) == 10


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """Latin-1 is named as the reason."""
    (tmp_path / "sms").mkdir()
    (tmp_path / "sms/problem.en.j2").write_bytes(b"Gr\xfc\xdfe")
    assert "cannot be read" in Renderer(tmp_path).check()[0]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Said, rather than taken for no overrides."""
    assert Renderer(tmp_path / "none").check() == [f"{tmp_path}/none: there is no such folder"]
    assert Renderer().check() == []
