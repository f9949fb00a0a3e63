"""Reading YAML: every scalar as it was typed, every syntax error as one clear line."""

# ruff: noqa: E501 - a message stands in one line

from __future__ import annotations

from pathlib import Path
from traceback import format_exception

import pytest
from config_files import ENOUGH, problems_in
from hypothesis import given
from hypothesis import strategies as st

from notifiers.config.document import Document
from notifiers.config.yaml_reader import read_bytes, read_file
from notifiers.errors import ConfigurationError


@pytest.mark.parametrize(
    "typed",
    [
        "01701234567", "no", "Yes", "on", "~", "null", "1e3", "0x10", "0o17", "017", "1_000", "12:30:45", "2026-01-01",
        "2026-01-01T00:00:00Z", ".inf", "-.5", "+491701234567", "true", "=", "3/1m, 10/15m",
    ],
)  # fmt: skip
def test_a_scalar_stays_what_was_typed(typed: str) -> None:
    """Nothing becomes a number, a truth value or a date."""
    document, problems = read_bytes(f"a: {typed}\nb: [{typed.replace(',', '')}]\n".encode(), "f.yaml")
    assert document.plain() == {"a": typed, "b": [typed.replace(",", "")]}
    assert problems == []


def test_quotes_are_taken_off_and_nothing_else() -> None:
    """A key with nothing behind it is None, an empty text in quotes is a text."""
    document, _ = read_bytes(b"a: '01'\nb: \"x\\ty\"\nc: ''\nd:\ne: |\n  1\n  2\nf: {g, h: }\n", "f.yaml")
    plain = {"a": "01", "b": "x\ty", "c": "", "d": None, "e": "1\n2\n", "f": {"g": None, "h": None}}
    assert document.plain() == plain


def test_a_byte_order_mark_is_no_character() -> None:
    """As editors of Windows write it."""
    document, _ = read_bytes(b"\xef\xbb\xbfa: b\r\nc: d\r\n", "f.yaml")
    assert document.plain() == {"a": "b", "c": "d"}


_ALIAS = (
    "anchors (&) and aliases (*) of YAML are not supported; write the value out, "
    "and put a text that begins with & or * in quotes"
)
_STAR = "put a text that begins with * or & in quotes"
_TAG = "tags (!) of YAML are not supported; put a text that begins with ! in quotes"
_COLON = "a second colon, or a line that is indented too far; put a text that holds `: ` in quotes"
_MAPPING = "where `key: value` lines are wanted, as in `gateways:`"
_DEEP = "is nested more than 30 levels deep"
_LAUGHS = b"a: &a [x]\nb: &b [*a, *a]\n" + b"".join(
    b"%c: &%c [*%c, *%c]\n" % (n, n, n - 1, n - 1) for n in range(ord("c"), ord("e"))
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", ": is empty; write a configuration with `brevisone init`", id="empty"),
        pytest.param(b"# nothing\n\n", ": is empty; write a configuration with `brevisone init`", id="comments"),
        pytest.param(b"---\n...\n", ": is empty; write a configuration with `brevisone init`", id="empty-document"),
        pytest.param(b"\n- a\n", f":2: holds a list {_MAPPING}", id="list"),
        pytest.param(b"gateways", f":1: holds a text {_MAPPING}", id="text"),
        pytest.param(b"a:1\nb:2\n", f":1: holds a text {_MAPPING}", id="no-space-behind-colons"),
        pytest.param(b"a: 1\n---\nb: 2\n", ":2: a second document begins here; keep one, and take the `---` out", id="two"),
        pytest.param(b"a: b\nc: \xff\n", ":2: holds a character that is not UTF-8; save the file as UTF-8", id="latin-1"),
        pytest.param("a: b".encode("utf-16"), ": is written in UTF-16; save it as UTF-8", id="utf-16"),
        pytest.param(b"a: b\nc: \x07", ":2: holds the control character U+0007; take it out", id="control"),
        pytest.param(b"a:\n\tb: 1\n", ":2: a tab stands where spaces are wanted; indent with spaces", id="tab"),
        pytest.param(b"a: b: c\n", f":1: {_COLON}", id="two-colons"),
        pytest.param(b"a: 1\n b: 2\n", f":2: {_COLON}", id="indented-too-far"),
        pytest.param(b"a: 1\nb\n", ":2: a colon is missing behind a key, or the indentation is wrong", id="no-colon"),
        pytest.param(b"a:\n  - b\n - c\n", ":3: the indentation does not fit the lines before", id="indentation"),
        pytest.param(
            b"a: b\n- c\n",
            ":2: a `- ` of a list stands where no list can be; look at the indentation",
            id="list-after-keys",
        ),
        pytest.param(b"x: 1\na: [1, 2\nb: 3\n", ":3: a `,` or the closing bracket is missing", id="bracket"),
        pytest.param(b"x: 1\na: \"b\nc: d\n", ":2: the quotes that are opened here are not closed", id="quotes"),
        pytest.param(
            b'a: "\\+49"\n',
            ":1: a backslash in double quotes must be written twice; or use single quotes",
            id="backslash",
        ),
        pytest.param(b"a: %x\n", ":1: no text may begin with % outside quotes; put it in quotes", id="percent"),
        pytest.param(b"a: @x\n", ":1: no text may begin with @ outside quotes; put it in quotes", id="at"),
        pytest.param(b"a: `x\n", ":1: no text may begin with ` outside quotes; put it in quotes", id="backtick"),
        pytest.param(b"a: *\n", f":1: {_STAR}", id="star"),
        pytest.param(b"a: *.example.org\n", f":1: {_STAR}", id="star-dot"),
        pytest.param(b"x:\n  a: [c, *b]\n", f":2: x.a[1]: {_ALIAS}", id="alias"),
        pytest.param(b"a: &sesame b\n", f":1: a: {_ALIAS}", id="anchor"),
        pytest.param(b"a: !sesame b\n", f":1: a: {_TAG}", id="tag"),
        pytest.param(b"a: !!python/object/apply:os.system [id]\n", f":1: a: {_TAG}", id="python-object"),
        pytest.param(b"? [a]\n: b\n", ":1: a list or block stands where a key is wanted; put a text with brackets in quotes",
                     id="list-as-key"),
        pytest.param(b"a: {:\n", ":1: a value is missing, or a sign that YAML uses stands where one is wanted", id="sign"),
        pytest.param(b"'': b\n", ":1: a key is empty; write a name before the colon", id="empty-key"),
        pytest.param(b"a: " + b"[" * 20_000, f":1: {_DEEP}", id="deep-lists"),
        pytest.param(b"a: " + b"{b: " * 20_000, f":1: {_DEEP}", id="deep-blocks"),
        pytest.param(b"x" * (4 * 1024 * 1024 + 1), ": is larger than 4 MiB; this is no configuration", id="large"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_told_in_one_line(content: bytes, words: str) -> None:
    """With its line, in words that say what to do, and without the text around it, which may hold a password."""
    with pytest.raises(ConfigurationError) as caught:
        read_bytes(content, "f.yaml")
    assert caught.value.problems == [f"f.yaml{words}"]
    assert "sesame" not in "".join(format_exception(caught.value))


def test_a_bomb_of_aliases_is_refused_line_by_line() -> None:
    """Aliases are never followed, so that nothing can grow; each line that has one is told."""
    with pytest.raises(ConfigurationError) as caught:
        read_bytes(_LAUGHS, "f.yaml")
    assert {problem.split(":")[1] for problem in caught.value.problems} == {"1", "2", "3", "4"}


def test_a_key_that_is_written_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    """Wherever it is, and along with everything else that is wrong."""
    text = ENOUGH + "segments: 2\nsegments: 3\nrates: {sms: 1/1m,\n  sms: 2/1m}\nkeep: x\n"
    assert problems_in(tmp_path, text) == [
        "brevisone.yaml:5: segments: is written twice, first in line 4; keep one of the two",
        "brevisone.yaml:7: rates.sms: is written twice, first in line 6; keep one of the two",
        "brevisone.yaml:8: keep: 'x' is no duration; write it as 90s, 5m, 2h or 1d",
    ]


def test_a_file_that_cannot_be_read_is_told_by_name(tmp_path: Path) -> None:
    """Missing, or a folder."""
    for path, words in [
        (tmp_path / "no.yaml", "there is no such file; write one with `brevisone init`, or name another with --config"),
        (tmp_path, "is a folder; name the file in it"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
    ]:
        with pytest.raises(ConfigurationError) as caught:
            read_file(path)
        assert caught.value.problems == [f"{path}: {words}"]


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}'\"#&*!|>%@ \n\t,?", max_size=80).map(str.encode))
def test_any_bytes_make_a_document_or_one_clear_error(content: bytes) -> None:
    """Whatever the file holds, nothing but a document or a ConfigurationError comes of it."""
    told: list[str] = []
    try:
        read_bytes(content, "f.yaml")
    except ConfigurationError as error:
        told = error.problems or [""]
    assert all(problem.startswith("f.yaml") for problem in told)


_KEYS = st.text(alphabet="abcxyz-_", min_size=1, max_size=5)
_TREES = st.recursive(
    st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_KEYS, _TREES, max_size=4))
def test_plain_values_pass_through_a_document_unchanged(values: dict[str, object]) -> None:
    """What a caller without a file gives is what the models get."""
    assert Document.from_values(values, "options").plain() == values


def test_numbers_and_truth_values_of_a_mapping_become_texts() -> None:
    """So that models read one kind of scalar only."""
    plain = Document.from_values({"a": 3, "b": True, "c": None, "d": (1, False)}, "options").plain()
    assert plain == {"a": "3", "b": "true", "c": None, "d": ["1", "false"]}
