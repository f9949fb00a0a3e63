"""Pages that are drawn from code say what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.skipif(not DOCS.exists(), reason="the documents are not beside the tests")
def test_the_escalation_page_is_drawn_from_the_table() -> None:
    """docs/escalation.md is what docs/draw_escalation.py draws."""
    check = [sys.executable, str(DOCS / "draw_escalation.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
