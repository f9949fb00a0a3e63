"""PyYAML's syntax errors in our words, each with its line and without the text around it, which may hold a password."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from notifiers.config.problem import Problem


def syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    """What PyYAML found wrong with ``text``."""
    if isinstance(error, yaml.reader.ReaderError):
        code = error.character if isinstance(error.character, int) else ord(error.character)
        line = text.count("\n", 0, error.position) + 1
        return Problem(words=f"holds the control character U+{code:04X}; take it out", line=line)
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(words="is no YAML")
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    if "unexpected end of stream" in problem or "could not find expected ':'" in problem:
        mark = error.context_mark or mark
    line_number = mark.line + 1 if mark is not None else None
    for pattern, words in _WORDS:
        if re.search(pattern, problem):
            return Problem(words=words(problem, context), line=line_number)
    return Problem(words=f"is no YAML: {problem or context}", line=line_number)


def _said(words: str) -> Callable[[str, str], str]:
    return lambda problem, context: words


def _unclosed(problem: str, context: str) -> str:
    return "the quotes that are opened here are not closed" if "quoted" in context else "the file ends too early"


def _begins(problem: str, context: str) -> str:
    sign = problem.split("'")[1] if "'" in problem else "this character"
    return f"no text may begin with {sign} outside quotes; put it in quotes"


_WORDS: tuple[tuple[str, Callable[[str, str], str]], ...] = (
    (r"\\t", _said("a tab stands where spaces are wanted; indent with spaces")),
    ("mapping values are not allowed", _said("a second colon, or a line that is indented too far; "
                                             "put a text that holds `: ` in quotes")),
    ("could not find expected ':'", _said("a colon is missing behind a key, or the indentation is wrong")),
    ("unknown escape character|expected escape sequence",
     _said("a backslash in double quotes must be written twice; or use single quotes")),
    ("unexpected end of stream", _unclosed),
    ("cannot start any token", _begins),
    ("expected alphabetic or numeric", _said("put a text that begins with * or & in quotes")),
    (r"expected ',' or '[\]}]'", _said("a `,` or the closing bracket is missing")),
    ("but found '-'|sequence entries are not allowed|block sequence entries",
     _said("a `- ` of a list stands where no list can be; look at the indentation")),
    ("expected <block end>|expected block end", _said("the indentation does not fit the lines before")),
    ("expected the node content", _said("a value is missing, or a sign that YAML uses stands where one is wanted")),
    ("tag", _said("put a text that begins with ! in quotes")),
)  # fmt: skip
