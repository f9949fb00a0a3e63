"""Installs the monitoring systems from Debian's packages, without starting any service. ``make peers`` calls it.

Whatever cannot be had is told; the tests of that system are skipped then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path

PACKAGES = {
    "prometheus-alertmanager": "/usr/bin/prometheus-alertmanager",
    "icinga2-bin": "/usr/sbin/icinga2",
    "nagios4-core": "/usr/sbin/nagios4",
    "postgresql": "/usr/lib/postgresql/*/bin/initdb",
    "zabbix-server-pgsql": "/usr/sbin/zabbix_server",
    "zabbix-frontend-php": "/usr/share/zabbix/api_jsonrpc.php",
    "php-cli": "/usr/bin/php",
    "php-pgsql": "/usr/lib/php/*/pgsql.so",
    "openssl": "/usr/bin/openssl",
}
"""Debian's packages, and what is there, as a glob, once they are installed."""
_POLICY = Path("/usr/sbin/policy-rc.d")


def missing() -> list[str]:
    """Packages that are not installed."""
    return [package for package, path in PACKAGES.items() if not glob(path)]


@contextmanager
def nothing_starts() -> Iterator[None]:
    """While packages are installed, no service of theirs is started."""
    made = not _POLICY.exists()
    if made:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if made:
            _POLICY.unlink()


def install(packages: list[str]) -> str:
    """Why they could not be installed; empty if they were."""
    if os.geteuid() != 0:
        return "needs root"
    if shutil.which("apt-get") is None:
        return "there is no apt-get here"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with nothing_starts():
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            argv = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *words]
            done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                return (done.stderr.strip().splitlines() or [f"apt-get {words[0]} failed"])[-1]
    return ""


def main() -> None:
    """Install what is missing, and say what was done."""
    packages = missing()
    if not packages:
        print("all packages are installed")
        return
    print(f"installing {' '.join(packages)}", flush=True)
    reason = install(packages)
    if reason:
        print(f"not installed: {reason}; what needs them is skipped")


if __name__ == "__main__":
    main()
