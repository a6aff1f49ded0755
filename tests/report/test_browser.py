"""The report in a real browser: nothing asked of outside, no complaint, nothing wider than the page."""

import shutil

import numpy as np
import pytest

from striate.finding import Finding
from striate.report import Results, write_report

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def page(tmp_path):
    draw = np.random.default_rng(0)
    outputs = draw.dirichlet(np.ones(4) * 0.3, 200)
    labels = np.where(draw.random(200) < 0.8, outputs.argmax(1), draw.integers(0, 4, 200))
    results = Results(
        title="four <script>alert(1)</script> things",
        labels=labels,
        outputs=outputs,
        class_names=["a", "b", "a very long name of a class that goes on and on", "<b>"],
        images=draw.integers(0, 256, (200, 12, 12, 3), np.uint8),
        history={
            "loss": [2.0, 1.0, 0.5],
            "val_loss": [2.1, 1.2, 0.9],
            "accuracy": [0.3, 0.6, 0.8],
            "val_accuracy": [0.3, 0.5, 0.6],
        },
        best_epoch=2,
        filters=draw.standard_normal((3, 3, 3, 8)),
        findings=[Finding("imbalance", "data", "3 : 1", "one class is rare", "more of it")],
        recipe="format = 1\n" + "x" * 300,
        summary={"params": 10, "threads": 2},
    )
    write_report(results, tmp_path / "report.html")
    return tmp_path / "report.html"


def complaints(path, width, scheme):
    """What a browser says of a page: console lines, requests to anywhere else, overflow, pictures without a text."""
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.on("console", lambda message: found.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: found.append(f"error: {error}"))
        page.on(
            "request", lambda asked: asked.url.startswith(("file:", "data:")) or found.append(f"request: {asked.url}")
        )
        page.on("dialog", lambda dialog: (found.append("dialog"), dialog.dismiss()))
        page.goto(path.as_uri())
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append("wider than the page")
        bare = page.evaluate("[...document.images].filter(i => !i.alt).length")
        if bare:
            found.append(f"{bare} pictures without alt")
        browser.close()
    return found


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_a_browser_has_nothing_to_complain_of(page, width, scheme):
    assert complaints(page, width, scheme) == []


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
def test_an_outside_picture_is_noticed(page):
    page.write_text(page.read_text().replace("</body>", '<img src="http://localhost:9/x.png"></body>'))
    found = complaints(page, 1440, "light")
    assert any(each.startswith("request: http://localhost:9") for each in found)
    assert "1 pictures without alt" in found
