"""What looks for the password finds it, if it is there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from peers.machine import wait_until
from peers.watch import ArgumentsWatch, assert_not_written


def test_an_argument_that_holds_the_secret_is_seen(tmp_path: Path) -> None:
    """A process that lives for a tenth of a second with the secret among its arguments is caught."""
    watch = ArgumentsWatch("pw-of-this-test", (tmp_path,))
    watch.start()
    try:
        subprocess.run(["sh", "-c", "sleep 0.1", "--password=pw-of-this-test"], check=True)
        wait_until(lambda: watch.seen, "the process seen", 2)
    finally:
        watch.stop()
    assert "--password=pw-of-this-test" in watch.seen[0]


def test_a_file_that_holds_the_secret_is_found(tmp_path: Path) -> None:
    """A log with the secret fails the run; the file that was made to hold it doesn't."""
    (tmp_path / "gateway.password").write_text("pw-of-this-test\n")
    (tmp_path / "daemon.log").write_text("all is well\n")
    assert_not_written(tmp_path, "pw-of-this-test")
    (tmp_path / "daemon.log").write_text("called with --password pw-of-this-test\n")
    with pytest.raises(AssertionError, match=r"daemon\.log"):
        assert_not_written(tmp_path, "pw-of-this-test")
