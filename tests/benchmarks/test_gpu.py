"""Of the card's measurement what needs no card."""

from benchmarks import gpu, table
from benchmarks.task import BATCH, SHAPES


def test_without_a_device_nothing_is_measured_and_that_is_said(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(gpu, "known", lambda rounds, seconds: {"device": None})
    assert gpu.main(["--out", str(tmp_path)]) == 0
    assert "no CUDA device" in capsys.readouterr().out and not list(tmp_path.iterdir())


def test_a_recorded_step_meets_whole_batches_only():
    for network in SHAPES:
        for seconds in (0.001, 1.0, 3.0, 7.7):
            assert gpu.amount(network, 16, seconds)[0] % BATCH == 0


def test_the_table_names_the_card_where_it_trained():
    machine = {"cpu": "Some CPU", "capability": "AVX2", "memory": 2**34, "torch": "2", "python": "3"}
    facts = {"machine": machine, "striate": "0", "cores": 2, "when": "", "rounds": 1, "device": "Some card", "flop": {}}
    found = {"facts": facts, "peaks": {}, "series": [], "left_out": [], "interrupted": False, "on_card": False}
    assert "Some card" not in table.markdown(found)
    assert table.markdown(found | {"on_card": True}).startswith("Some card; Some CPU")


def test_a_recipe_that_cannot_be_trained_is_told(monkeypatch):
    monkeypatch.setattr(gpu, "train", lambda recipe, seed, settings: "there is no cifar10")
    assert gpu.accurate("recipe.toml", [0], []) == {"problem": "there is no cifar10"}
