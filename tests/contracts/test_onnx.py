"""Every layer can be written as ONNX, and what another engine then computes is the same."""

import warnings

import numpy as np
import onnxruntime
import pytest
import torch

from tests.contracts.layer_trials import built, examples, inputs, values
from tests.contracts.test_layers import alone


def by_onnx(module, images):
    """What onnxruntime makes of a network that torch wrote, for a batch of another size than it was written with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own exporter
        batch = torch.export.Dim("batch", min=1, max=64)
        program = torch.onnx.export(
            module, tuple(images), dynamo=True, verbose=False, dynamic_shapes=tuple({0: batch} for _ in images)
        )
    assert program is not None
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    more = [torch.cat([each, each[:1]]) for each in images]
    (found,) = session.run(None, {name: each.numpy() for name, each in zip(names, more, strict=True)})
    with torch.inference_mode():
        return found, module(*more).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("trial", examples(), ids=lambda trial: type(trial.layer).__name__)
def test_another_engine_computes_the_same(trial):
    rng = np.random.default_rng(0)
    module = built(trial.layer, trial.shapes, values(trial.weights, rng), torch.float32).eval()
    images = [inputs(shape, "contiguous", rng, trial.layer).float() for shape in trial.shapes]
    found, expected = by_onnx(alone(module, len(images)), images)
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(1.0, float(np.abs(expected).max())))
