"""CIFAR-100: 60,000 small colour photographs of a hundred kinds of things, in twenty groups."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from striate.datasets.base import Data, Dataset, Split
from striate.datasets.cifar import read_cifar
from striate.datasets.fetch import Source, fetch

__all__ = ["CIFAR100"]

SOURCE = Source(
    "CIFAR-100",
    "cifar-100-binary",
    {
        "train.bin": "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
        "test.bin": "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
    },
    ("https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",),
    "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
)
COARSE = tuple(
    [
        "aquatic_mammals",
        "fish",
        "flowers",
        "food_containers",
        "fruit_and_vegetables",
        "household_electrical_devices",
        "household_furniture",
        "insects",
        "large_carnivores",
        "large_man-made_outdoor_things",
        "large_natural_outdoor_scenes",
        "large_omnivores_and_herbivores",
        "medium_mammals",
        "non-insect_invertebrates",
        "people",
        "reptiles",
        "small_mammals",
        "trees",
        "vehicles_1",
        "vehicles_2",
    ]
)
FINE = tuple(
    [
        "apple",
        "aquarium_fish",
        "baby",
        "bear",
        "beaver",
        "bed",
        "bee",
        "beetle",
        "bicycle",
        "bottle",
        "bowl",
        "boy",
        "bridge",
        "bus",
        "butterfly",
        "camel",
        "can",
        "castle",
        "caterpillar",
        "cattle",
        "chair",
        "chimpanzee",
        "clock",
        "cloud",
        "cockroach",
        "couch",
        "crab",
        "crocodile",
        "cup",
        "dinosaur",
        "dolphin",
        "elephant",
        "flatfish",
        "forest",
        "fox",
        "girl",
        "hamster",
        "house",
        "kangaroo",
        "keyboard",
        "lamp",
        "lawn_mower",
        "leopard",
        "lion",
        "lizard",
        "lobster",
        "man",
        "maple_tree",
        "motorcycle",
        "mountain",
        "mouse",
        "mushroom",
        "oak_tree",
        "orange",
        "orchid",
        "otter",
        "palm_tree",
        "pear",
        "pickup_truck",
        "pine_tree",
        "plain",
        "plate",
        "poppy",
        "porcupine",
        "possum",
        "rabbit",
        "raccoon",
        "ray",
        "road",
        "rocket",
        "rose",
        "sea",
        "seal",
        "shark",
        "shrew",
        "skunk",
        "skyscraper",
        "snail",
        "snake",
        "spider",
        "squirrel",
        "streetcar",
        "sunflower",
        "sweet_pepper",
        "table",
        "tank",
        "telephone",
        "television",
        "tiger",
        "tractor",
        "train",
        "trout",
        "tulip",
        "turtle",
        "wardrobe",
        "whale",
        "willow_tree",
        "wolf",
        "woman",
        "worm",
    ]
)


@dataclass(frozen=True)
class CIFAR100(Dataset):
    """60,000 colour photographs of 32x32 pixels; 10,000 of them are the official test set.

    Shape:   x (50000, 32, 32, 3) uint8, y (50000,) uint8, 100 classes (20 coarse ones); test 10,000
    Args:    label_mode: "fine" for the 100 classes, "coarse" for their 20 groups.
    Errors:  DataError if it is not in the cache and cannot be fetched, or its files are damaged.
    Source:  Krizhevsky 2009, cs.toronto.edu/~kriz/learning-features-2009-TR.pdf
    Example: >>> CIFAR100("coarse")
             CIFAR100(label_mode='coarse')
    """

    label_mode: Literal["fine", "coarse"] = "fine"

    def load(self) -> Data:
        column, classes = (1, FINE) if self.label_mode == "fine" else (0, COARSE)
        train, test = [
            Split(x, y[:, column]) for x, y in (read_cifar(path, (len(COARSE), len(FINE))) for path in fetch(SOURCE))
        ]
        return Data("cifar100", train, test=test, classes=classes)


def load_data(
    label_mode: Literal["fine", "coarse"] = "fine",
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x_train, y_train), (x_test, y_test)), labels (n, 1) as Keras gives them.

    Args:    label_mode: "fine" for the 100 classes, "coarse" for their 20 groups.
    Errors:  DataError if it is not in the cache and cannot be fetched, or its files are damaged.
    Source:  Keras 3, keras.datasets.cifar100.load_data
    """
    data = CIFAR100(label_mode).load()
    assert data.test is not None
    return (data.train.x, data.train.y[:, None]), (data.test.x, data.test.y[:, None])
