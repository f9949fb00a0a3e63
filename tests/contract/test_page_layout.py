"""The page as a browser lays it out, on a phone and on a desk: what can be seen and pressed, not what the HTML says."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
from services import CHANGE, bearer, incidents, serviced, until
from simulated import simulated

CHROMIUM = shutil.which("chromium") or ""
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no chromium")

PHONE, DESK = 390, 1280
LONG_HOST = "web-frontend-cluster-03.fra1.prod.internal.example.org"
LONG_WORD = "x" * 300
COMMENT = "restarting postfix; " + "y" * 200

MEASURE = """
const measured = {};
for (const frame of document.querySelectorAll("iframe")) {
  const page = frame.contentDocument;
  measured[frame.id] = {
    width: page.documentElement.clientWidth,
    needed: page.documentElement.scrollWidth,
    forms: [...page.querySelectorAll("form.actions")].map(form => [...form.children]
      .filter(child => child.offsetHeight > 0)
      .map(child => ({
        name: child.name || child.textContent.trim(), top: child.offsetTop, width: child.offsetWidth,
        height: child.offsetHeight
      }))),
    summaries: [...page.querySelectorAll(".summary")].map(one => one.offsetHeight),
  };
}
document.body.innerHTML = "<pre>" + JSON.stringify(measured) + "</pre>";
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a browser makes of each page at each width: ``list-390`` and so on."""
    folder = tmp_path_factory.mktemp("layout")
    with simulated() as gateway, serviced(folder, gateway.url) as service:
        alerts = [
            {"key": "open", "host": "db1", "service": "disk", "severity": "critical", "summary": "98% used"},
            {"key": "long", "host": LONG_HOST, "service": LONG_HOST, "summary": f"{LONG_WORD} {LONG_WORD}"},
            {"key": "taken", "host": "mail1", "severity": "error", "summary": "5,312 mails wait"},
        ]
        requests.post(service.url + "/alerts", json=alerts, timeout=10).raise_for_status()
        ids = until(lambda: len(found := {one["key"]: one["id"] for one in incidents(service)}) == 3 and found)
        taken = {"author": "Ben", "comment": COMMENT}
        requests.post(
            f"{service.url}/incidents/{ids['taken']}/acknowledge", json=taken, headers=bearer(CHANGE), timeout=10
        ).raise_for_status()
        browser = requests.Session()
        browser.headers["Accept"] = "text/html"
        browser.post(service.url + "/sign-in", data={"token": CHANGE, "name": "Anna Musterfrau"}, timeout=10)
        paths = {"list": "/", **{key: f"/incidents/{number}" for key, number in ids.items()}}
        pages = {name: browser.get(service.url + path, timeout=10).text for name, path in paths.items()}
    return _measure(folder, pages)


def _measure(folder: Path, pages: dict[str, str]) -> dict[str, Any]:
    frames = [
        f'<iframe id="{name}-{width}" style="width:{width}px;border:0" srcdoc="{html.escape(page)}"></iframe>'
        for name, page in pages.items()
        for width in (PHONE, DESK)
    ]
    file = folder / "pages.html"
    file.write_text(
        f"<!doctype html><meta charset=utf-8><body>{''.join(frames)}<script>onload = () => {{ {MEASURE} }}</script>"
    )
    quiet = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync")  # fmt: skip
    profile = f"--user-data-dir={folder / 'profile'}"
    argv = [CHROMIUM, "--headless", "--no-sandbox", *quiet, profile, "--dump-dom", file.as_uri()]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r"<pre>(.*?)</pre>", done.stdout, re.DOTALL)
    assert found is not None, done.stdout[-500:]
    shown: dict[str, Any] = json.loads(html.unescape(found[1]))
    return shown


NAMES = ["list", "open", "long", "taken"]


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_sticks_out(measured: dict[str, Any], name: str, width: int) -> None:
    """Whatever words an alert or a comment holds, nobody has to scroll sideways."""
    page = measured[f"{name}-{width}"]
    assert page["needed"] <= page["width"] <= width


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", NAMES)
def test_buttons_stand_side_by_side(measured: dict[str, Any], name: str, width: int) -> None:
    """In one row, each with its word on one line; on a phone big enough for a thumb, under the comment's field."""
    forms = measured[f"{name}-{width}"]["forms"]
    assert forms
    for form in forms:
        buttons = [one for one in form if one["name"] != "comment"]
        assert [one["name"] for one in buttons] in (["Acknowledge", "Resolve"], ["Resolve"])
        assert len({one["top"] for one in buttons}) == 1
        if width == PHONE:
            assert all(44 <= one["height"] < 2 * 44 for one in buttons)
            assert all(one["top"] < buttons[0]["top"] and one["width"] > 300 for one in form if one not in buttons)


def test_a_long_summary_is_cut_in_the_list_alone(measured: dict[str, Any]) -> None:
    """So that the next incident can be seen on a phone; its own page shows all of it."""
    assert max(measured[f"list-{PHONE}"]["summaries"]) < 110
    assert measured[f"long-{PHONE}"]["summaries"][0] > 200
