import re

import pytest

from striate.report import Results, page, render, write_report
from striate.version import __version__
from tests.report import sample
from tests.report.reading import Page
from tests.report.sample import HOSTILE, ODD, birds, digits, planted

RUNS = ODD | {"digits": digits, "birds": birds}


@pytest.mark.parametrize("name", RUNS)
def test_every_run_makes_a_page_that_is_whole_and_needs_nothing_else(name):
    html = render(RUNS[name]())
    assert Page(html).faults == []
    assert len(html.encode()) < 3_000_000
    assert not re.search(r"https?://", html)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ('<img src="http://localhost/x.png">', "src asks for http://localhost/x.png"),
        ('<a href="//localhost">x</a>', "href asks for //localhost"),
        ('<p style="background: url(http://localhost)">x</p>', "style asks: url(http://localhost"),
        ("<style>@import 'x.css';</style>", "style asks: @import 'x.css'"),
        ("<script>1</script>", "<script> asks or runs"),
        ('<img src="data:," onerror="x">', "onerror runs"),
        ('<meta http-equiv="refresh" content="0">', "<meta> asks or runs"),
        ("<p>", "</main> closes ['p'] at line"),
        ("</section>", "</section> closes ['main'] at line"),
        ('<a href="#nowhere">x</a>', "#nowhere is nowhere"),
        ('<b id="x"></b><b id="x"></b>', "id x twice"),
    ],
)
def test_a_fault_that_is_planted_in_a_page_is_found(fault, said):
    html = render(Results(title="nothing"))
    found = Page(html.replace("</main>", fault + "</main>")).faults
    assert any(each.startswith(said) for each in found)


def test_names_never_become_markup(monkeypatch):
    hostile = Page(render(ODD["hostile names"]()))
    monkeypatch.setattr(sample, "HOSTILE", "a tame name")
    tame = Page(render(ODD["hostile names"]()))
    assert hostile.skeleton == tame.skeleton
    assert hostile.text.count('<script>alert("x")</script>&\\udcff\\x07\\u202e{{7*7}}') > 20
    assert "49" not in render(Results(title=HOSTILE))


def test_a_template_that_does_not_escape_is_found(monkeypatch):
    monkeypatch.setattr(page, "_pages", page._pages.overlay(autoescape=False))
    assert "<script> asks or runs" in Page(render(ODD["hostile names"]())).faults


def test_letters_that_no_page_can_hold_are_written_out():
    html = render(ODD["hostile names"]())
    assert not set(html) & {"\x07", "\u202e", "\udcff"}
    html.encode()


def test_the_page_forbids_itself_to_ask_or_run():
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in render(Results(title="nothing"))


def test_the_text_of_a_small_report_is_that_of_the_file(golden, monkeypatch):
    monkeypatch.setattr(page, "__version__", "1.2.3")
    golden("report.txt", Page(render(birds())).text)


def test_the_version_is_told():
    assert f"Made by striate {__version__}." in Page(render(Results(title="nothing"))).text


def test_a_run_without_anything_says_so():
    text = Page(render(Results(title="nothing"))).text
    assert "How good the network is on images it has not seen is not known." in text
    assert "No file had to be set aside." in text
    assert "Learning curves" not in text


def test_validation_images_are_not_passed_off_as_a_test():
    text = Page(render(ODD["only a validation set"]())).text
    assert "of 200 validation images named correctly" in text
    assert "They chose the epoch that was kept" in text
    assert "They chose the epoch" not in Page(render(planted())).text


def test_outputs_that_are_no_numbers_are_told():
    text = Page(render(ODD["outputs that are no numbers"]())).text
    assert "For 1 image the network gave outputs that are no numbers; they count as 0 here." in text


def test_the_verdict_and_its_bar_have_the_same_figures():
    few = planted(n=24)
    text = Page(render(few)).text
    share = re.search(r"which would be right for ([\d.]+ %)\.", text)[1]
    assert text.count(f"”: {share}") == 1


def test_a_page_that_was_there_is_replaced_whole(tmp_path):
    target = tmp_path / "report.html"
    target.write_text("old")
    write_report(Results(title="new"), target)
    assert target.read_text(encoding="utf-8") == render(Results(title="new"))
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
