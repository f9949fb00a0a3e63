"""What somebody does before anything is real: ``check-config``, ``plan``, ``render``, ``init``; and what errors are."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import stat
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line import BIN, CommandLine, command_line
from typer.testing import CliRunner

from notifiers.cli.app import app


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[CommandLine]:
    with command_line(tmp_path) as shell:
        yield shell


@pytest.mark.parametrize("argv", [("--help",), ("send", "-h"), ("store", "--help")])
def test_help_needs_nothing(shell: CommandLine, argv: tuple[str, ...]) -> None:
    """Help comes without a configuration, and without loading the engine."""
    shell.file.unlink()
    done = shell.brevisone(*argv, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.code == 0
    assert "Usage:" in done.out
    loaded = {line.rpartition("|")[2].strip() for line in done.err.splitlines()}
    assert "typer" in loaded
    assert not loaded & {
        "sqlalchemy",
        "yaml",
        "jinja2",
        "requests",
        "starlette",
        "notifiers.config",
        "notifiers.engine",
    }


def test_the_version_is_told(shell: CommandLine) -> None:
    """``--version`` names the program and its version."""
    done = shell.brevisone("--version")
    assert (done.code, done.out.split()[0], done.out.count(".")) == (0, "brevisone", 2)


@pytest.mark.parametrize(
    "argv",
    [("fly",), ("show",), ("show", "first"), ("plan", "--wings"), ("render", "--channel", "ring"), ("acknowledge", "")],
    ids=["unknown-command", "no-id", "id-is-no-number", "unknown-option", "no-text-by-ring", "empty-id"],
)
def test_a_wrong_call_ends_with_2(shell: CommandLine, argv: tuple[str, ...]) -> None:
    """It says what was wrong, without a traceback."""
    done = shell.brevisone(*argv)
    assert done.code == 2
    assert done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("before", [True, False], ids=["before", "behind"])
def test_config_may_stand_before_or_behind_the_command(shell: CommandLine, before: bool) -> None:
    """Both are the same; the one behind wins over the environment."""
    shell.file.rename(shell.folder / "other.yaml")
    given = ["--config", str(shell.folder / "other.yaml"), "--state-dir", str(shell.state)]
    argv = [*given, "check-config"] if before else ["check-config", *given]
    done = shell.brevisone(*argv)
    assert (done.code, done.err) == (0, "")
    assert f"{shell.folder}/other.yaml: ok" in done.out


def test_a_configuration_that_is_right(shell: CommandLine) -> None:
    """It says ok and how it was understood, and that waiting rungs need somebody while no service works here."""
    done = shell.brevisone("check-config")
    assert done.code == 0
    assert "brevisone.yaml: ok" in done.out
    assert "telegram; after 5m sms; after 5m ring 3 times every 2m, from critical" in done.out
    assert "run-once from cron" in done.out
    shell.state.mkdir(mode=0o700)
    (shell.state / "service").touch()
    assert "run-once" not in shell.brevisone("check-config").out


def test_all_mistakes_are_told_at_once(shell: CommandLine) -> None:
    """Each has its file, line and field, on stdout and as JSON; the exit code is 1; no traceback."""
    shell.file.write_text("gateways: []\ncontacts: {anna: {number: '12'}}\ncolour: red\n")
    done = shell.brevisone("check-config")
    assert done.code == 1
    for words in ("brevisone.yaml:1: gateways", "brevisone.yaml:2: contacts.anna.number", "brevisone.yaml:3: colour"):
        assert words in done.out
    told = shell.brevisone("check-config", "--json")
    assert told.code == 1
    assert told.json["ok"] is False
    assert len(told.json["problems"]) == len(done.out.splitlines())
    assert "problems in" in done.err


def test_broken_templates_are_found(shell: CommandLine) -> None:
    """A user's template that cannot work is a problem of the configuration."""
    templates = shell.folder / "templates"
    (templates / "sms").mkdir(parents=True)
    (templates / "sms/problem.en.j2").write_text("{{ head }} {% if %}")
    with shell.file.open("a") as file:
        file.write(f"templates: {templates}\n")
    done = shell.brevisone("check-config")
    assert done.code == 1
    assert "problem.en.j2:1:" in done.out


def test_a_state_that_scripts_would_not_find(shell: CommandLine) -> None:
    """The configuration's ``state`` is compared with where scripts hand over, and the difference is told."""
    with shell.file.open("a") as file:
        file.write(f"state: {shell.folder}/elsewhere\n")
    done = shell.brevisone("incidents")
    assert f"the configuration says {shell.folder}/elsewhere, but {shell.state} is used" in done.err


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ((), [(0, "anna", "telegram"), (300, "anna", "sms"), (600, "anna", "ring")]),
        (("--severity", "warning"), [(0, "anna", "telegram"), (300, "anna", "sms")]),
        (("--to", "ben", "--channel", "sms"), [(0, "ben", "sms")]),
        (("--kind", "custom"), [(0, "anna", "telegram"), (0, "anna", "sms")]),
        (("--kind", "recovery"), []),
    ],
    ids=["sample", "below-a-rung", "one-channel", "told-once", "recovery"],
)
def test_plan_foresees_who_is_told_when(
    shell: CommandLine, argv: tuple[str, ...], expected: list[tuple[int, str, str]]
) -> None:
    """The steps come in the order of their time."""
    (foreseen,) = shell.brevisone("plan", *argv, "--json").json
    assert [(step["after_seconds"], step["contact"], step["channel"]) for step in foreseen["steps"]] == expected


def test_plan_reads_alerts_from_stdin_and_says_who_stands_in(shell: CommandLine) -> None:
    """A recipient that nobody knows is told of, with the default recipients in its place."""
    alert = {"kind": "problem", "severity": "error", "key": "k", "host": "web1", "recipients": ["nobody"]}
    done = shell.brevisone("plan", "-", stdin=json.dumps([alert]))
    assert done.code == 0
    assert "note: recipient 'nobody' is no contact, team, number or mode:recipient" in done.out
    assert "the default recipients stand in" in done.out


def test_render_shows_the_text_and_its_size(shell: CommandLine) -> None:
    """The text alone is on stdout; an euro sign costs two septets."""
    alert = {"kind": "problem", "severity": "critical", "key": "k", "host": "db1", "summary": "5 €"}
    done = shell.brevisone("render", "-", "--json", stdin=json.dumps(alert))
    assert done.code == 0
    told = done.json
    assert (told["encoding"], told["segments"]) == ("gsm", 1)
    assert told["units"] == len(told["text"]) + 1
    people = shell.brevisone("render", "-", stdin=json.dumps(alert))
    assert people.out.rstrip("\n") == told["text"]
    assert f"{told['units']} septets, 1 segment" in people.err


@pytest.mark.parametrize(
    ("stdin", "words"),
    [("[1", "is no JSON"), ("[]", "holds no alert"), ("[7]", "must be a JSON object"), ('{"kind": "x"}', "kind: 'x'")],
    ids=["no-json", "empty", "no-object", "unknown-kind"],
)
def test_render_of_what_is_no_alert(shell: CommandLine, stdin: str, words: str) -> None:
    """It says what is wrong."""
    done = shell.brevisone("render", "-", stdin=stdin)
    assert done.code == 1
    assert words in done.err


def _init(shell: CommandLine, *argv: str, stdin: str = "sesame\n") -> tuple[int, str, str]:
    shell.file.unlink(missing_ok=True)
    given = ["--gateway-url", "https://192.0.2.5/api.php", "--username", "apiuser", "--country", "de"]
    done = shell.brevisone("init", *given, *argv, stdin=stdin)
    return done.code, done.out, done.err


def test_init_writes_what_check_config_takes(shell: CommandLine) -> None:
    """The files are for owner and group alone, the password is in its own, and what to do next is said."""
    code, out, err = _init(shell, "--number", "0170 1234567", "--password-stdin")
    assert (code, err) == (0, "")
    assert "check-config" in out
    assert shell.brevisone("check-config").code == 0
    secret = shell.folder / "gateway.password"
    assert secret.read_text() == "sesame\n"
    assert "sesame" not in shell.file.read_text() + out
    for path in (secret, shell.file):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o027
    again = shell.brevisone("init", "--number", "0170 1234567")
    assert again.code == 1
    assert "is there already and stays as it is" in again.err


def test_init_warns_of_what_is_no_good_idea(shell: CommandLine) -> None:
    """It is written all the same: a digit too few, as far as is known, and a password for all to read on its way."""
    shell.file.unlink()
    given = ["--gateway-url", "http://192.0.2.5/api.php", "--username", "apiuser", "--number", "+49170123456"]
    done = shell.brevisone("init", *given, "--password-stdin", stdin="sesame\n")
    assert done.code == 0
    assert "gateways.gateway.url: the password goes over the network for all to read" in done.err
    assert "contacts.oncall.number: +49170123456 is no number as they are given out" in done.err
    assert "What to do next" in done.out


def test_init_lets_the_group_of_the_service_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service, which is not root, may enter the folder that was made and read what is in it; others may not."""
    group = 1 if os.geteuid() == 0 else os.getegid()
    monkeypatch.setattr("grp.getgrnam", lambda name: SimpleNamespace(gr_gid=group))
    file = tmp_path / "etc/brevisone/brevisone.yaml"
    argv = ["init", "--config", str(file), "--gateway-url", "https://192.0.2.5/api.php", "--username", "apiuser"]
    done = CliRunner().invoke(app, [*argv, "--number", "+491701234567", "--password-stdin"], input="sesame\n")
    assert done.exit_code == 0, done.output
    nodes = [(path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)) for path in (file.parent, *file.parent.iterdir())]
    assert nodes == [(group, 0o750), (group, 0o640), (group, 0o640)]


@pytest.mark.parametrize(
    ("argv", "stdin", "code", "words"),
    [
        (("--number", "12", "--password-stdin"), "sesame\n", 1, "contacts.oncall.number"),
        (("--number", "0170 1234567"), "", 2, "gateway.password is not there"),
        (("--password-stdin",), "sesame\n", 2, "is needed where nobody can be asked"),
        (("--number", "0170 1234567", "--password-stdin"), "", 2, "stdin holds no password"),
    ],
    ids=["no-number", "no-password-file", "nobody-to-ask", "empty-password"],
)
def test_init_leaves_nothing_behind_when_it_fails(
    shell: CommandLine, argv: tuple[str, ...], stdin: str, code: int, words: str
) -> None:
    """It says what is missing or wrong, and writes neither file."""
    got, _, err = _init(shell, *argv, stdin=stdin)
    assert got == code
    assert words in " ".join(err.replace("│", " ").split())
    assert not shell.file.exists()
    assert not (shell.folder / "gateway.password").exists()


def test_init_asks_a_person(shell: CommandLine) -> None:
    """At a terminal it asks for what no option said, proposes what it can, and does not show the password."""
    shell.file.unlink()
    screen = _at_a_terminal(
        shell,
        ["init"],
        [
            ("address", "https://192.0.2.5/api.php"),
            ("user", ""),
            ("country", ""),
            ("mobile number", "0170 1234567"),
            ("password", "sesame"),
        ],
    )
    assert "What to do next" in screen
    assert "sesame" not in screen
    assert (shell.folder / "gateway.password").read_text() == "sesame\n"
    assert shell.brevisone("check-config").code == 0
    assert "'apiuser'" in shell.file.read_text()


def test_init_asks_again_for_what_is_wrong(shell: CommandLine) -> None:
    """Each answer is judged as it is given, and so is an option; what is wrong is told in one line."""
    shell.file.unlink()
    screen = _at_a_terminal(
        shell,
        ["init", "--username", " "],
        [
            ("address", "192.0.2.5"),
            ("address", "https://apiuser:sesame@192.0.2.5/api.php"),
            ("address", "https://192.0.2.5/api.php"),
            ("user", ""),
            ("country", "Germany"),
            ("country", "at"),
            ("mobile number", "12"),
            ("mobile number", "0664 1234567"),
            ("password", "sesame"),
        ],
    )
    complaints = [line.strip() for line in screen.splitlines() if line.startswith(("Error: ", "brevisone: "))]
    starts = (
        "Error: must begin with https://",
        "Error: must not hold a user or password",
        "brevisone: --username: is empty",
        "Error: 'GERMANY' is no country; write its code of two letters",
        "Error: '12' begins neither with + nor with 0",
    )
    assert len(complaints) == len(starts)
    for line, start in zip(complaints, starts, strict=True):
        assert line.startswith(start)
    assert shell.brevisone("check-config").code == 0
    assert "+436641234567" in shell.brevisone("check-config").out


def _at_a_terminal(shell: CommandLine, argv: list[str], talk: list[tuple[str, str]]) -> str:
    """What somebody sees who answers each question with its text."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(BIN / "brevisone"), *argv],
        env={**shell.environment, "TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    screen = ""
    for question, answer in talk:
        while question not in screen.rpartition("\n")[2] or not screen.endswith(": "):
            screen += os.read(ours, 4096).decode()
        os.write(ours, (answer + "\n").encode())
        screen += os.read(ours, 1).decode()
    with contextlib.suppress(OSError):  # EIO is how a terminal says that nobody is left
        while more := os.read(ours, 4096):
            screen += more.decode()
    os.close(ours)
    assert process.wait(20) == 0
    return screen
