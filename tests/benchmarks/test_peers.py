"""Scripts of the libraries that are installed run on a tiny size; all have the network that striate declares."""

import math
import sys

import pytest

from benchmarks.child import run
from benchmarks.peers import PEERS, Peer, find
from benchmarks.task import BATCH, SHAPES, Task

TORCH = [peer for peer in PEERS if peer.needs in (("torch",), ("striate",))]


@pytest.mark.parametrize("peer", TORCH, ids=lambda peer: peer.name)
def test_a_script_prints_its_result(peer, tmp_path):
    outcome = run(["-m", peer.script, "mlp", "--images", str(BATCH), "--epochs", "2"], 120, STRIATE_DATA=str(tmp_path))
    assert not outcome.problem and outcome.figures is not None
    figures = outcome.figures
    assert len(figures["epochs"]) == 2 and figures["start"] > 0 and figures["MB"] > 10
    assert figures["images_per_second"] == pytest.approx(BATCH / min(figures["epochs"]), rel=0.05)
    assert figures["weights"] == 784 * 30 + 30 + 30 * 10 + 10


def test_plain_torch_has_the_networks_that_are_declared():
    import torch

    import striate
    from benchmarks.peers.declared import declare
    from benchmarks.peers.torch_networks import NETWORKS, count_weights, pool_first

    for network, shape in SHAPES.items():
        declared = declare(striate, network).check()
        plain = NETWORKS[network]()
        assert count_weights(plain) == declared.params
        x = torch.zeros(2, shape[-1], *shape[:-1])
        assert torch.equal(plain.eval()(x), pool_first(plain).eval()(x))


def test_training_costs_six_operations_for_each_multiply_and_add_less_the_images_gradient():
    import striate
    from benchmarks.facts import training_flop
    from benchmarks.peers.declared import declare

    # 784*30 + 30*10 MACs; of the first layer only values and weights' gradients: 6*23,820 - 2*23,520
    assert training_flop(declare(striate, "mlp").check()) == 6 * 23_820 - 2 * 23_520
    # 24*24*20*25 + 8*8*40*20*25 + 640*100 + 100*10 MACs
    assert training_flop(declare(striate, "lenet").check()) == 6 * 1_633_000 - 2 * 288_000


def test_images_are_bytes_or_standardised_in_the_order_asked_for():
    task = Task("vgg", 256, 1)
    pixels, labels = task.pixels()
    images, same = task.arrays("NCHW")
    assert pixels.shape == (256, 32, 32, 3) and images.shape == (256, 3, 32, 32) and (labels == same).all()
    assert images[5, 2, 7, 9] == pytest.approx((pixels[5, 7, 9, 2] / 255 - 0.5) / 0.29, abs=1e-6)
    assert abs(images.mean()) < 0.01 and math.isclose(images.std(), 1, abs_tol=0.01)


def test_a_library_that_is_not_installed_is_not_found():
    absent = Peer("absent", "benchmarks.peers.absent", ("no_such_library",))
    assert list(find((*TORCH, absent), [sys.executable])) == [peer.name for peer in TORCH]
