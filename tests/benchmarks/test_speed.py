"""The runner, with stand-ins for peers: turns, failures, amounts."""

import pytest

from benchmarks import child, speed
from benchmarks.child import Outcome
from benchmarks.peers import Peer

FIGURES = {"images_per_second": 10.0, "epochs": [1.0], "start": 1.0, "MB": 50, "weights": 5}
PEERS = tuple(Peer(name, f"peers.{name}", ()) for name in ("striate", "steady", "broken"))


@pytest.fixture
def measured(monkeypatch):
    """What a measurement of three peers found, and the order in which they ran."""
    ran = []

    def run(command, *_given, **_named):
        if command[1] == "benchmarks.peak":
            return Outcome({"float32": 1.0 + len(ran), "bfloat16": 3.0})
        ran.append(command[1].removeprefix("peers."))
        if ran[-1] == "broken":
            return Outcome(None, "exit status 1: broken")
        return Outcome(dict(FIGURES))

    monkeypatch.setattr(speed, "run", run)
    found = speed.Found({"weights": {"lenet": 5}})
    pythons = {peer.name: "python" for peer in PEERS}
    told = []
    wanted = speed.Wanted(PEERS, pythons, ["lenet"], [1], rounds=3, seconds=3.0, timeout=60)
    speed.measure(wanted, found, lambda series, outcome: told.append(outcome))
    return found, ran, told


def test_peers_run_in_turn_and_every_other_round_backwards(measured):
    assert [name for name in measured[1] if name != "broken"] == [
        "striate",
        "steady",
        "steady",
        "striate",
        "striate",
        "steady",
    ]


def test_a_peer_that_failed_is_told_and_not_tried_again(measured):
    found, ran, told = measured
    broken = found.series[2]
    assert ran.count("broken") == 1 and broken.problem == "exit status 1: broken" and broken.runs == [None, None, None]
    assert [outcome.problem for outcome in told if outcome.problem] == ["exit status 1: broken"]
    assert all(run is not None for run in found.series[1].runs) and len(found.series[1].runs) == 3


@pytest.mark.parametrize(
    ("figures", "problem"),
    [
        (FIGURES | {"weights": 6}, "trained 6 weights, the network has 5"),
        ({"images_per_second": 1.0, "weights": 5}, "printed no MB, epochs, start"),
    ],
)
def test_another_network_or_half_a_result_is_refused(figures, problem):
    assert speed._same_network(Outcome(figures), 5) == Outcome(None, problem)


def test_numbers_of_cores_are_measured_once_each():
    assert speed.core_counts([1, 2, 0], 2) == [1, 2]
    assert speed.core_counts([1, 2, 0], 8) == [1, 2, 8]
    assert speed.core_counts([1, 2, 0], 1) == [1]


def test_an_epoch_has_whole_batches():
    assert speed.amount("lenet", 2, 3.0) == (8192, 4)
    assert speed.amount("vgg", 1, 0.01) == (128, 3)


def test_a_slow_peer_is_given_fewer_images_a_fast_one_is_not():
    assert speed.fewer(1280, trained=24.0, seconds=3.0) == 640
    assert speed.fewer(1280, trained=1.0, seconds=3.0) == 1280
    assert speed.fewer(256, trained=900.0, seconds=3.0) == 128


def test_what_was_measured_before_an_interruption_is_kept(monkeypatch, tmp_path, capsys):
    machine = {"cpu": "Some CPU", "capability": "AVX2", "memory": 2**34, "torch": "2", "python": "3"}
    facts = {"machine": machine, "striate": "0", "flop": {"lenet": 1}, "weights": {"lenet": 5}}
    outcomes = iter([Outcome(facts), Outcome({"float32": 1.0, "bfloat16": 2.0}), Outcome(dict(FIGURES))])

    def run(*_given, **_named):
        for outcome in outcomes:
            return outcome
        raise KeyboardInterrupt

    monkeypatch.setattr(speed, "run", run)
    status = speed.main(["--networks", "lenet", "--peers", "torch-tuned", "--cores", "1", "--out", str(tmp_path)])
    assert status == 130
    (text,) = (path.read_text() for path in tmp_path.glob("speed-*-cores.md"))
    assert "Interrupted" in text and "| striate |" in text and text in capsys.readouterr().out
    assert child.ROOT not in tmp_path.parents


def test_an_interpreter_that_is_not_there_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        speed.main(["--python", "/no/such/python"])
    assert ended.value.code == 2 and "--python /no/such/python: there is no such interpreter" in capsys.readouterr().err
