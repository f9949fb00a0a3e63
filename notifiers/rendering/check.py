"""Looks through the templates that a user wrote, before an alert depends on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path

from jinja2 import TemplateSyntaxError
from jinja2.meta import find_undeclared_variables

from notifiers.alert import Kind
from notifiers.rendering.choice import choose
from notifiers.rendering.layouts import is_layout
from notifiers.rendering.occasion import Occasion, Text
from notifiers.rendering.samples import samples
from notifiers.rendering.sandbox import Sandbox
from notifiers.rendering.variables import told, variables

_FOLDERS = ("sms", "telegram")
_KINDS = (*(kind.value for kind in Kind), "digest")
_NAME = re.compile(r"(?P<folder>[^/]+)/(?P<kind>(layout/)?[^./]+)\.(?P<language>[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)\.j2")


def problems_of(folder: Path, sandbox: Sandbox, render: Callable[[Occasion], Text]) -> list[str]:
    """Every problem of the templates in a folder, as ``FILE:LINE: what is wrong``."""
    if not folder.is_dir():
        return [f"{folder}: there is no such folder"]
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return [f"{folder}/{problem}" for path in files for problem in _of_file(path, folder, sandbox, render)]


def _of_file(path: Path, folder: Path, sandbox: Sandbox, render: Callable[[Occasion], Text]) -> Iterator[str]:
    name = path.relative_to(folder).as_posix()
    try:
        names = find_undeclared_variables(sandbox.parse(path.read_text(encoding="utf-8"), name))
    except TemplateSyntaxError as error:
        yield f"{name}:{error.lineno}: {error.message}"
        return
    except (OSError, UnicodeDecodeError) as error:
        yield f"{name}: cannot be read: {error}"
        return
    if path.name.startswith("_"):
        return  # only there to be included or imported by others
    found = _NAME.fullmatch(name)
    if not found or found["folder"] not in _FOLDERS or not _is_told(found["kind"]):
        yield f"{name}: is never used; {_suggestion(name)}"
        return
    occasions = samples(found["folder"], found["kind"], found["language"])
    unknown = sorted(names - _known(occasions[0]) - sandbox.globals.keys())
    yield from (f"{name}: there is no variable {variable!r}" for variable in unknown)
    yield from _rendered(name, [render(occasion) for occasion in occasions], quiet=bool(unknown))


def _is_told(kind: str) -> bool:
    return kind in _KINDS or is_layout(kind)


def _rendered(name: str, texts: list[Text], *, quiet: bool) -> Iterator[str]:
    failures = dict.fromkeys(text.failure.removeprefix(name).removeprefix(":") for text in texts if text.failure)
    if not quiet:
        yield from (f"{name}: {failure.strip()}" if failure[:1] == " " else f"{name}:{failure}" for failure in failures)
    if not failures and any(text.template != name for text in texts):
        yield f"{name}: is never used; another template has the same name but for its spelling"


def _known(occasion: Occasion) -> set[str]:
    choice = choose(occasion.items, len(occasion.items))
    return set(variables(occasion, choice, told(occasion, choice)))


def _suggestion(name: str) -> str:
    names = [f"{folder}/{kind}.{language}.j2" for folder in _FOLDERS for kind in _KINDS for language in ("en", "de")]
    near = get_close_matches(name, names, n=1)
    names_are = "names are CHANNEL/KIND.LANGUAGE.j2, as sms/problem.en.j2, or CHANNEL/layout/NAME.LANGUAGE.j2"
    return f"did you mean {near[0]}?" if near else names_are
