"""What optimizers share."""

import subprocess
import sys

import pytest
import torch

from striate import optimizers, schedules
from striate.optimizers import SGD, AdaSecant, Lion, Muon, RAdam, Rule


def test_schedules_stand_where_keras_has_them():
    assert optimizers.schedules is schedules


@pytest.mark.parametrize("rate", [0.3, 1])
def test_the_base_rate_is_the_number_given(rate):
    assert SGD(rate).base_rate == rate


def test_the_base_rate_beside_a_schedule_is_that_of_the_class():
    assert SGD("one_cycle").base_rate == SGD().learning_rate == 0.01


def test_with_another_rate_it_is_otherwise_the_same():
    assert SGD(0.1, momentum=0.5).at(0.2) == SGD(0.2, momentum=0.5)


def test_a_rule_is_called_with_what_has_a_gradient_and_remembers_for_each():
    calls = []

    def move(rate, weights, gradients, memory, steps):
        (seen,) = memory
        torch._foreach_add_(seen, gradients)
        calls.append((rate, [weight.numel() for weight in weights], [each.sum().item() for each in seen], steps))

    one, two = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(2))
    built = Rule([one, two], 0.5, move, "s")
    built.step()
    one.grad = torch.ones(1)
    built.step()
    two.grad = torch.ones(2)
    built.step()
    assert calls == [(0.5, [1], [1.0], [1]), (0.5, [1, 2], [2.0, 2.0], [2, 1])]


@pytest.mark.parametrize("optimizer", [RAdam(0.1), Lion(0.1), Muon(0.1), AdaSecant()], ids=repr)
def test_a_gradient_in_another_memory_order_moves_the_same_weights(optimizer):
    generator = torch.Generator().manual_seed(0)
    start, *gradients = torch.randn(8, 4, 3, 2, 2, generator=generator)
    moved = []
    for order in (torch.contiguous_format, torch.channels_last):
        weight = torch.nn.Parameter(start.clone())
        built = optimizer.build([weight], optimizer.base_rate)
        for gradient in gradients:
            weight.grad = gradient.contiguous(memory_format=order)
            built.step()
        moved.append(weight.detach())
    torch.testing.assert_close(*moved, rtol=1e-5, atol=1e-6)


TRAINS = """
import sys
import striate
import striate.optimizers
from striate import catalog

x = [[0.0, 1.0], [1.0, 0.0]]
for kind in catalog.members("optimizers").values():
    model = striate.Sequential([striate.layers.Dense(2, activation="softmax", input_shape=(2,))])
    model.compile(kind.example(), "sparse_categorical_crossentropy")
    model.fit(x, [0, 1], epochs=2, verbose=0)
    model.restore_training_state(model.training_state())
    found = {"torch._dynamo", "sympy"} & set(sys.modules)
    assert not found, f"{kind.__name__}: {found}"
"""


def test_no_run_waits_for_torchs_compiler_to_be_loaded():
    done = subprocess.run([sys.executable, "-c", TRAINS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_torch_itself_loads_it():
    """So that the test above can fail."""
    code = (
        "import sys, torch; torch.optim.SGD([torch.nn.Parameter(torch.ones(1))]); assert 'torch._dynamo' in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
