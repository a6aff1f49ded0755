"""No operation mixes devices: tensors that say they are on a GPU, but hold no numbers, go through batches, losses, metrics.

torch's fake tensors refuse to be mixed with others, as those of a GPU do. What needs their numbers (a wait for the GPU), a
gradient or a tensor made there is left to tests/train/test_gpu.py.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from striate import catalog
from striate.augmentations import MixUp, RandomErasing, RandomFlip, RandomTranslation
from striate.loader import Augmenter, Batches, Preprocessing
from striate.losses import BinaryCrossentropy, SparseCategoricalCrossentropy
from striate.metrics import resolve
from striate.regularizers import L1L2
from striate.train import Goal, Objective, penalised

CARD = torch.device("cuda", 0)
NEEDS_A_CARD = {
    "losses": {"CosineSimilarity"},
    "metrics": {
        *(
            "CosineSimilarity",
            "Dice",
            "ExpectedCalibrationError",
            "F1Score",
            "FBetaScore",
            "IoU",
            "MeanIoU",
            "Precision",
        ),
        *("Recall", "SparseTopKCategoricalAccuracy", "TopKCategoricalAccuracy"),
    },
}
"""What makes tensors on the card, or an operation that torch has no fake of."""
X = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)


@pytest.fixture
def sent(monkeypatch):
    """Send tensors to a card that is not there."""
    mode = FakeTensorMode(allow_non_fake_inputs=True)

    def send(tensor, device=CARD):
        if tensor.device == device:
            return tensor
        with mode:
            return tensor.to(device)

    for room in ("augment", "batches", "preprocessing"):
        monkeypatch.setattr(f"striate.loader.{room}.sent", send)
    return send


def batches(send, *augment, resident=True):
    images, labels, weights = torch.from_numpy(X), torch.arange(20) % 3, torch.ones(20)
    here = Batches(
        (images,),
        (labels,),
        (Preprocessing.fit(X, standardise=True),),
        8,
        augmenter=Augmenter(augment, 0) if augment else None,
        weight=(weights,),
        device=CARD,
    )
    return replace(here, x=(send(images),), y=(send(labels),), weight=(send(weights),)) if resident else here


def test_the_harness_catches_a_tensor_that_was_left_behind(sent):
    batch = next(batches(sent).epoch(0))
    with pytest.raises(RuntimeError, match="same device"):
        batch.x[0].sum((1, 2, 3)) + torch.ones(8)


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize(
    "augment",
    [
        (),
        (RandomFlip(),),
        (RandomTranslation(0.2, 0.2, fill_mode="nearest"),),
        (RandomTranslation(0.2, 0.2, fill_mode="reflect"), RandomErasing()),
        (MixUp(),),
    ],
    ids=str,
)
def test_batches_are_made_on_the_device(sent, augment, resident):
    made = batches(sent, *augment, resident=resident)
    assert made.resident is resident
    for batch in made.epoch(0):
        assert {each.device for each in batch.tensors()} == {CARD}
        assert batch.rows.device.type == "cpu"


@pytest.mark.parametrize("mixed", [False, True])
def test_weights_of_samples_and_mixed_labels_meet_the_losses_there(sent, mixed):
    batch = next(batches(sent, *([MixUp()] if mixed else [])).epoch(0))
    objective = Objective((Goal("", SparseCategoricalCrossentropy(from_logits=True), weight=0.5),))
    (loss,) = objective.losses([sent(torch.zeros(8, 3))], batch)
    assert objective.total([loss]).device == CARD
    assert penalised(loss, [(L1L2(0.1, 0.1), sent(torch.ones(3, 2)))]).device == CARD


def others(shelf):
    return sorted(catalog.members(shelf).keys() - NEEDS_A_CARD[shelf])


@pytest.mark.parametrize("name", others("losses"))
def test_losses_stay_there(sent, name):
    loss = catalog.members("losses")[name].example()
    outputs = 1 if loss.labels in ("yes or no", "signs") else 3
    numbers = torch.arange(8) % 3
    labels = {"class numbers": numbers, "distributions": torch.eye(3)[numbers]}.get(loss.labels, torch.ones(8, outputs))
    values = loss.values(sent(torch.full((8, outputs), 0.3)), sent(loss.target(labels, (outputs,))))
    assert values.device == CARD


@pytest.mark.parametrize("name", ["accuracy", *others("metrics")])
def test_metrics_gather_there(sent, name):
    """Twice, so that what was gathered meets what comes."""
    binary = name in ("BinaryAccuracy", "SignAccuracy")
    metric = resolve(name, BinaryCrossentropy() if binary else SparseCategoricalCrossentropy())
    scores = torch.rand(8, 1 if binary else 3)
    numbers = name == "accuracy" or name.startswith("Sparse") or metric.takes_numbers
    target = torch.arange(8) % 3 if numbers else torch.ones_like(scores)
    meter = metric.meter()
    for _ in range(2):
        meter.update(sent(scores), sent(target))
    gathered = [each for each in vars(meter).values() if isinstance(each, torch.Tensor)]
    assert all(each.device == CARD for each in gathered)
