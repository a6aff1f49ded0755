"""The guard of the Python around a step: what it says, and that a planted slowdown is caught."""

import shutil

import pytest

from benchmarks import instructions

OF = {"python": "3.11", "torch": "2.13.0", "capability": "AVX512", "tool": "valgrind-3.19"}


@pytest.mark.parametrize(("now", "status"), [(1_050, 0), (1_051, 1), (700, 0)])
def test_a_twentieth_more_is_too_much(now, status):
    assert instructions.verdict({"instructions": now, "of": OF}, {"instructions": 1_000, "of": OF})[0] == status


def test_counts_of_another_torch_are_not_compared():
    status, line = instructions.verdict(
        {"instructions": 9_000, "of": OF}, {"instructions": 1_000, "of": OF | {"torch": "2.12.0"}}
    )
    assert status == 0 and line == "not compared: torch differ from the kept count's"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind counts")
def test_a_planted_slowdown_is_caught(tmp_path):
    baseline = ["--baseline", str(tmp_path / "instructions.json")]
    assert instructions.main(["--write", *baseline]) == 0
    assert instructions.main(["--check", *baseline]) == 0
    assert instructions.main(["--check", "--plant", *baseline]) == 1
