"""What is known before anything is timed: the machine, and what the reference networks cost by striate's own check.

python -m benchmarks.facts
"""

import json

import torch

import striate
from benchmarks.peers.declared import declare
from benchmarks.task import SHAPES
from striate.check import Table
from striate.train.device import machine


def training_flop(table: Table) -> int:
    """Of one image: a multiply and an add, three times over (values, gradients of weights, gradients of inputs).

    Nobody asks for the gradient of the images, so the first layer with weights has no third time.
    """
    first = next(row.macs for row in table.rows if row.params)
    assert table.macs is not None and first is not None
    return 6 * table.macs - 2 * first


def main() -> None:
    tables = {
        network: (
            striate.zoo.ResNet18(input_shape=shape, classes=10) if network == "resnet18" else declare(striate, network)
        ).check()
        for network, shape in SHAPES.items()
    }
    facts = {
        "machine": machine(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "striate": striate.__version__,
        "flop": {network: training_flop(table) for network, table in tables.items()},
        "weights": {network: table.params for network, table in tables.items()},
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
