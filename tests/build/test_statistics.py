import threading

import pytest
import torch
from torch import nn

from striate.build import build, rewrite, share_statistics
from striate.layers import BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D, ReLU
from striate.network import Network
from tests.threads import side_by_side

UNEQUAL = [[5, 2, 1], [3, 0, 5], [8], [0, 1, 7], [4, 4]]


class Meeting:
    """Shards of one batch in threads of one process, which wait for each other where sums are wanted."""

    def __init__(self, parties):
        self.parties, self.places, self.here = parties, [None] * parties, threading.local()
        self.barrier = threading.Barrier(parties, timeout=20)

    def total(self, sums):
        self.places[self.here.rank] = sums
        self.barrier.wait()
        whole = sum(self.places[1:], self.places[0])
        self.barrier.wait()
        return whole

    def leads(self):
        return self.here.rank == 0

    def each(self, work):
        """What `work(rank)` gives in each of as many threads; the first error, if there was one."""

        def run(rank):
            self.here.rank = rank
            return work(rank)

        return side_by_side(self.parties, run, self.barrier)


def alone(brick):
    """A graph of one brick."""
    return torch.fx.symbolic_trace(nn.Sequential(brick), concrete_args=None)


def gradients(module, x, cotangent):
    x = x.detach().requires_grad_()
    y = module(x)
    return y.detach(), *torch.autograd.grad((y * cotangent).sum(), [x, *module.parameters()])


def in_shards(module, meeting, x, cotangent, sizes):
    """Values and dE/dx of the whole batch, and the sums of all shards' weight gradients."""
    parts = list(zip(x.split(sizes), cotangent.split(sizes), strict=True))
    found = meeting.each(lambda rank: gradients(module, *parts[rank]))
    values, of_x, *of_weights = zip(*found, strict=True)
    return torch.cat(values), torch.cat(of_x), *(sum(each) for each in of_weights)


def brick(rank, channels=3, **options):
    made = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}[rank](channels, **options)
    generator = torch.Generator().manual_seed(4)
    for weight in made.parameters():
        weight.data.uniform_(0.5, 2, generator=generator)
    return made.double()


def test_two_shards_by_hand():
    # 1 and 3 here, 8 there: mean 4, var (9 + 1 + 16)/3 = 26/3, unbiased 13.
    norm = nn.BatchNorm1d(1, eps=0, momentum=0.5).double()
    module, meeting = alone(norm), Meeting(2)
    share_statistics(module, meeting.total, meeting.leads)
    x = torch.tensor([[1.0], [3.0], [8.0]], dtype=torch.float64)
    y, *_ = in_shards(module, meeting, x, torch.ones_like(x), [2, 1])
    torch.testing.assert_close(y.flatten(), torch.tensor([-3.0, -1, 4], dtype=torch.float64) / (26 / 3) ** 0.5)
    assert norm.running_mean.item() == pytest.approx(2)
    assert norm.running_var.item() == pytest.approx((1 + 13) / 2)
    assert norm.num_batches_tracked.item() == 1, "one shard counts for all"


@pytest.mark.parametrize("sizes", UNEQUAL, ids=str)
@pytest.mark.parametrize("shape", [(8, 3), (8, 3, 5), (8, 3, 4, 5), (8, 3, 2, 3, 2)], ids=str)
def test_shards_of_any_size_are_as_the_whole_batch(shape, sizes):
    x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 3 + 2
    cotangent = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    theirs, ours = brick(len(shape)), brick(len(shape))
    module, meeting = alone(ours), Meeting(len(sizes))
    assert share_statistics(module, meeting.total, meeting.leads) == 1
    for _ in range(2):  # averages of averages
        found, expected = in_shards(module, meeting, x, cotangent, sizes), gradients(theirs, x, cotangent)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    for one, other in zip(ours.buffers(), theirs.buffers(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("options", [{"affine": False}, {"momentum": None}, {"eps": 0.1}], ids=str)
def test_every_option_of_torch_is_kept(options):
    x, cotangent = torch.randn(2, 8, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    theirs, ours = brick(4, **options), brick(4, **options)
    module, meeting = alone(ours), Meeting(2)
    share_statistics(module, meeting.total, meeting.leads)
    for _ in range(3):
        found, expected = in_shards(module, meeting, x, cotangent, [3, 5]), gradients(theirs, x, cotangent)
    for one, other in zip([*found, *ours.buffers()], [*expected, *theirs.buffers()], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_processes_hold_a_copy_each_and_all_move_it():
    x, cotangent = torch.randn(2, 8, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    meeting, copies, theirs = Meeting(2), [brick(4), brick(4)], brick(4)
    modules = [alone(each) for each in copies]
    for module in modules:
        share_statistics(module, meeting.total)
    parts = list(zip(x.split([6, 2]), cotangent.split([6, 2]), strict=True))
    meeting.each(lambda rank: gradients(modules[rank], *parts[rank]))
    gradients(theirs, x, cotangent)
    for each in copies:
        torch.testing.assert_close(list(each.buffers()), list(theirs.buffers()), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_bfloat16_maps_have_float32_statistics(layout):
    x, cotangent = torch.randn(2, 16, 8, 6, 6, generator=torch.Generator().manual_seed(1))
    low = (x * 2 + 1).bfloat16().contiguous(memory_format=layout)
    ours, exact = brick(4, 8).float(), brick(4, 8)
    module, meeting = alone(ours), Meeting(2)
    share_statistics(module, meeting.total, meeting.leads)
    found = in_shards(module, meeting, low, cotangent.bfloat16(), [5, 11])
    expected = gradients(exact, low.double(), cotangent.bfloat16().double())
    assert [each.dtype for each in found] == [torch.bfloat16, torch.bfloat16, torch.float32, torch.float32]
    for one, other in zip(found[:2], expected[:2], strict=True):
        assert (one.double() - other).abs().max() < 2**-7 * other.abs().max()
    torch.testing.assert_close(ours.running_mean.double(), exact.running_mean, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(ours.running_var.double(), exact.running_var, rtol=1e-5, atol=1e-6)


def network():
    layers = [Conv2D(4, 3, input_shape=(7, 7, 2)), BatchNormalization(), ReLU(), Conv2D(3, 3)]
    layers += [BatchNormalization(scale=False), BatchNormalization(trainable=False), GlobalAveragePooling2D(), Dense(2)]
    return build(Network.sequential(layers), 3).double()


@pytest.mark.parametrize("shared", [True, False])
def test_a_network_in_shards_has_the_gradients_of_the_whole_batch_only_if_statistics_are_shared(shared):
    x = torch.randn(9, 2, 7, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    cotangent = torch.randn(9, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    whole, built = network(), network()
    module, meeting = rewrite(built), Meeting(3)
    if shared:
        assert share_statistics(module, meeting.total, meeting.leads) == 2, "one uses its averages"
    parts = list(zip(x.split([4, 3, 2]), cotangent.split([4, 3, 2]), strict=True))
    weights = [each for each in built.parameters() if each.requires_grad]

    def work(rank):
        return torch.autograd.grad((module(parts[rank][0]) * parts[rank][1]).sum(), weights)

    found = [sum(each) for each in zip(*meeting.each(work), strict=True)]
    expected = torch.autograd.grad((whole(x) * cotangent).sum(), [w for w in whole.parameters() if w.requires_grad])
    apart = max((one - other).abs().max() for one, other in zip(found, expected, strict=True))
    assert (apart < 1e-12) == shared
    if shared:
        torch.testing.assert_close(built.state_dict(), whole.state_dict(), rtol=1e-12, atol=1e-12)


def test_one_value_of_all_shards_is_refused():
    module, meeting = alone(brick(2)), Meeting(2)
    share_statistics(module, meeting.total, meeting.leads)
    parts = torch.ones(1, 3, dtype=torch.float64).split([1, 0])
    with pytest.raises(ValueError, match="more than 1 value"):
        meeting.each(lambda rank: module(parts[rank]))


def test_prediction_is_the_plain_one():
    x = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    norm = brick(2)
    module = alone(norm)
    share_statistics(module, lambda sums: pytest.fail("nothing is to be added up"))
    norm.eval()
    module.eval()
    assert torch.equal(module(x), norm(x))


def test_weights_and_averages_stay_those_of_the_declared_network():
    built = network()
    module = rewrite(built, ())
    share_statistics(module, lambda sums: sums)
    assert {key: value.data_ptr() for key, value in module.state_dict().items()} == {
        key: value.data_ptr() for key, value in built.state_dict().items()
    }
    assert type(built.batch_normalization) is nn.BatchNorm2d, "which stays as it was"
