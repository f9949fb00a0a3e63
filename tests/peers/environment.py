"""Our wheel, installed where the users of the monitoring systems can read it and run its scripts.

The interpreter is /usr/bin/python3: one in a home folder could not be entered by them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"
GIVEN = "BREVISONE_PEERS_BIN"
"""Names the bin folder of an environment that is there already, instead of one that is made."""
_NOT_SOURCE = shutil.ignore_patterns(".git", ".venv", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", "tests")


def unusable() -> str:
    """Why no environment could be made here; empty if one can."""
    if not Path(PYTHON).exists():
        return f"there is no {PYTHON}, which users like nagios could run"
    version = subprocess.run(
        [PYTHON, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True, text=True, check=False
    )
    return "" if version.stdout.strip() == "True" else f"{PYTHON} is older than 3.11"


def make_environment(folder: Path) -> Path:
    """Build the wheel of this checkout and install it into a new environment; gives its bin folder."""
    given = os.environ.get(GIVEN)
    if given:
        return Path(given)
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=_NOT_SOURCE)  # building leaves traces
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "wheel"), str(source))
    shutil.rmtree(source)
    environment = folder / "environment"
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", str(environment)], check=True)
    (wheel,) = (folder / "wheel").glob("*.whl")
    _pip("--python", str(environment / "bin/python"), "install", str(wheel))
    subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
    return environment / "bin"


def _pip(*arguments: str) -> None:
    # Of the interpreter that runs the tests: the Debian one may have neither pip nor ensurepip.
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        check=False,
        umask=0o022,
    )
    if done.returncode:
        raise RuntimeError(f"pip {arguments[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
