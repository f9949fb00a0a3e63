"""Reading the options of a notification command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.options import Option, OptionReader, Options, pairs

READER = OptionReader(
    (
        Option(name="to", spellings=("--to", "-T", "--target")),
        Option(name="output", spellings=("--output", "-o")),
        Option(name="long-output", spellings=("--long-output",)),
        Option(name="ring", spellings=("--ring", "-R"), flag=True),
        Option(name="insecure", spellings=("--insecure",), flag=True),
    ),
    prefix="NOTIFY_",
)


@pytest.mark.parametrize(
    ("argv", "values"),
    [
        pytest.param(["--to", "anna", "-o", "full"], {"to": ("anna",), "output": ("full",)}, id="long-and-short"),
        pytest.param(["--to=anna", "--output=a=b"], {"to": ("anna",), "output": ("a=b",)}, id="equals-sign"),
        pytest.param(["-T", "a", "--to", "b"], {"to": ("a", "b")}, id="repeated"),
        pytest.param(["-o", "-5 degrees"], {"output": ("-5 degrees",)}, id="value-with-a-dash"),
        pytest.param(["-o", "--outputs"], {"output": ("--outputs",)}, id="value-like-an-unknown-option"),
        pytest.param(["-o", "--to=x"], {"output": ("--to=x",)}, id="only-exactly-an-option-is-one"),
        pytest.param(["-o", "--", "-T", "x"], {"output": ("--",), "to": ("x",)}, id="value-of-two-dashes"),
        pytest.param(["-o", "-T", "anna"], {"to": ("anna",)}, id="value-left-out"),
        pytest.param(["-o"], {}, id="value-left-out-at-the-end"),
        pytest.param(["-o", "", "--to", "a"], {"to": ("a",)}, id="empty-value"),
        pytest.param(["--output="], {}, id="empty-after-equals-sign"),
        pytest.param(["-o", "--output=--to"], {"output": ("--output=--to",)}, id="value-like-an-option-with-value"),
        pytest.param(["--output=--to"], {"output": ("--to",)}, id="an-option's-name-as-value"),
        pytest.param(["-o", "'; touch /tmp/x #"], {"output": ("'; touch /tmp/x #",)}, id="shell"),
    ],
)
def test_arguments(argv: list[str], values: dict[str, tuple[str, ...]]) -> None:
    """An option takes the next argument as its value unless that is exactly a known option."""
    options = READER.read(argv, {})
    assert (dict(options.values), options.unknown) == (values, ())


@pytest.mark.parametrize(
    ("argv", "unknown"),
    [
        pytest.param(["--tp", "x", "-o", "y"], ("--tp", "x"), id="unknown-option-and-its-value"),
        pytest.param(["--tp=x", "-o", "y"], ("--tp=x",), id="unknown-option-with-equals-sign"),
        pytest.param(["-o", "y", "disk", "full"], ("disk", "full"), id="words-left-over"),
        pytest.param(["--", "-o", "y", ""], (), id="two-dashes-and-nothing"),
    ],
)
def test_unknown_words_cost_nothing_else(argv: list[str], unknown: tuple[str, ...]) -> None:
    """What belongs to no option is kept apart, and all known options are still read."""
    options = READER.read(argv, {})
    assert options.unknown == unknown
    assert options.last("output") == "y"


@pytest.mark.parametrize(
    ("argv", "ring", "insecure"),
    [
        pytest.param([], False, False, id="left-out"),
        pytest.param(["-R", "--insecure"], True, True, id="bare"),
        pytest.param(["--insecure", "false", "-R"], True, False, id="switched-off-by-the-next-word"),
        pytest.param(["--insecure=False", "--ring=yes"], True, False, id="switched-by-equals-sign"),
        pytest.param(["-R", "anna"], True, False, id="a-flag-takes-no-other-word"),
    ],
)
def test_flags(argv: list[str], ring: bool, insecure: bool) -> None:
    """A flag is on when named, and says false when it is told so."""
    options = READER.read(argv, {})
    assert (options.flag("ring"), options.flag("insecure")) == (ring, insecure)


@pytest.mark.parametrize(
    ("argv", "env", "output"),
    [
        pytest.param([], {"NOTIFY_OUTPUT": "-x"}, "-x", id="environment-alone"),
        pytest.param(["-o", "argument"], {"NOTIFY_OUTPUT": "variable"}, "argument", id="argument-wins"),
        pytest.param(["-o", ""], {"NOTIFY_OUTPUT": "variable"}, "variable", id="empty-argument-does-not"),
        pytest.param([], {"NOTIFY_OUTPUTS": "x", "OUTPUT": "y"}, "", id="other-variables"),
    ],
)
def test_environment(argv: list[str], env: dict[str, str], output: str) -> None:
    """Each option can come from its variable."""
    assert READER.read(argv, env).last("output") == output


def test_variables_are_named_after_the_options() -> None:
    """The prefix, then the option's name in capitals."""
    assert READER.variables == (
        "NOTIFY_TO",
        "NOTIFY_OUTPUT",
        "NOTIFY_LONG_OUTPUT",
        "NOTIFY_RING",
        "NOTIFY_INSECURE",
    )


def test_a_flag_from_the_environment() -> None:
    """A variable switches a flag by its word."""
    assert READER.read([], {"NOTIFY_RING": "1"}).flag("ring")
    assert not READER.read([], {"NOTIFY_RING": "no"}).flag("ring")


def test_key_value_texts() -> None:
    """One a text or one a line; what has no equals sign or no key is given back."""
    assert pairs(["team=db", "a = b=c\nd=", "odd", "=x", ""]) == ({"team": "db", "a": "b=c", "d": ""}, ["odd", "=x"])


_WORD = st.one_of(st.sampled_from(["--to", "-T", "-o", "--output=x", "--"]), st.text(max_size=8))
_OPTIONS = {"--to", "-T", "-o", "--output=x", "--"}


@given(st.lists(_WORD, max_size=12))
def test_no_word_is_lost(argv: list[str]) -> None:
    """Every argument that is no option is kept, as the value of one or among the unknown."""
    options: Options = READER.read(argv, {})
    kept = {*options.unknown, *(text for texts in options.values.values() for text in texts)}
    assert {word for word in argv if word and word not in _OPTIONS} <= kept
