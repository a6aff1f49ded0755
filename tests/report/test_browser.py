"""The report in a real browser: nothing asked of outside, no complaint, nothing cut, overlapping or hard to read."""

import shutil

import pytest

from striate.report import write_report
from tests.report.sample import ODD, digits

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
RUNS = {"digits": digits} | {
    name: ODD[name]
    for name in ("hostile names", "very long names", "20 classes", "values", "interrupted in a non-finite epoch")
}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")

MEETING = """() => {
    // Drawings have their texts, the rest of the page its smallest boxes of text.
    const boxes = root => [...root].map(e => [e, e.getBoundingClientRect()]).filter(([e, b]) => b.width && b.height)
    const meet = all => all.flatMap(([e, a], i) => all.slice(i + 1)
        .filter(([f, b]) => !e.contains(f) && !f.contains(e)
            && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2)
        .map(([f]) => `${e.textContent.slice(0, 30)} meets ${f.textContent.slice(0, 30)}`))
    return [
        ...[...document.querySelectorAll('svg')].flatMap(s => meet(boxes(s.querySelectorAll('text:not([transform])')))),
        ...meet(boxes(document.querySelectorAll('p, h1, h2, dt, dd, th, td, .label, figcaption span, svg, img, nav a'))),
    ]
}"""
FAINT = """() => {
    const parts = colour => (colour.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number)
    const over = ([r, g, b, a = 1], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a)]
    const light = rgb => rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
    const ground = e => e ? over(parts(getComputedStyle(e).backgroundColor), ground(e.parentElement)) : [255, 255, 255]
    return [...document.querySelectorAll('body *')].filter(e =>
        [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.getClientRects().length && e.tagName !== 'title'
    ).flatMap(e => {
        const style = getComputedStyle(e), svg = e.closest('svg')
        let below = ground((svg || e).closest(':not(svg)'))
        const cell = e.tagName === 'text' && e.parentElement.querySelector(':scope > rect.hit, :scope > rect.miss')
        if (cell) {
            const paint = getComputedStyle(cell)
            below = over([...parts(paint.fill).slice(0, 3), Number(paint.fillOpacity)], below)
        }
        const [a, b] = [light(over(parts(svg ? style.fill : style.color), below)), light(below)]
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
        return contrast < 4.5 ? [`${e.textContent.trim().slice(0, 30)}: contrast ${contrast.toFixed(2)}`] : []
    })
}"""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def complaints(browser, path, width, scheme):
    """What a browser says of a page: console lines, requests to anywhere else, what is too wide, faint or in the way."""
    found = []
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.on("console", lambda message: found.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    page.on("request", lambda asked: asked.url.startswith(("file:", "data:")) or found.append(f"request: {asked.url}"))
    page.on("dialog", lambda dialog: (found.append("dialog"), dialog.dismiss()))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append("wider than the page")
    bare = page.evaluate("[...document.images].filter(i => !i.alt).length")
    if bare:
        found.append(f"{bare} pictures without alt")
    found += page.evaluate(MEETING) + page.evaluate(FAINT)
    page.close()
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("name", RUNS)
def test_a_browser_has_nothing_to_complain_of(browser, tmp_path, name, width, scheme):
    write_report(RUNS[name](), tmp_path / "report.html")
    assert complaints(browser, tmp_path / "report.html", width, scheme) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ('<img src="http://localhost:9/x.png" alt="x">', "request: http://localhost:9"),
        ('<img src="data:,">', "1 pictures without alt"),
        ("<script>alert(1)</script>", "console: "),  # forbidden by the page's own policy
        ('<div style="width: 2000px">x</div>', "wider than the page"),
        ('<p style="position: absolute; top: 0">x</p><p style="position: absolute; top: 0">y</p>', "x meets y"),
        ('<svg><text y="9">x</text><text x="3" y="9">y</text></svg>', "x meets y"),
        ('<p style="color: #888; background: #fff">x</p>', "x: contrast 3.54"),
        (
            '<svg><g><rect class="hit" style="fill: #777"/><text style="fill: #888">x</text></g></svg>',
            "x: contrast 1.26",
        ),
    ],
)
def test_a_fault_that_is_planted_in_a_page_is_noticed(browser, tmp_path, fault, said):
    target = tmp_path / "report.html"
    write_report(RUNS["values"](), target)
    target.write_text(target.read_text(encoding="utf-8").replace("</main>", fault + "</main>"), encoding="utf-8")
    assert any(each.startswith(said) for each in complaints(browser, target, 1440, "light"))
