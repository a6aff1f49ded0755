"""Learning to see without a teacher: the neocognitron of 1980 on handwritten digits, in less than a minute.

python examples/neocognitron.py
"""

import itertools

import numpy as np

import striate as keras
from striate.loader import resize

(x, y), (tx, ty) = keras.datasets.digits.load_data()


def placed(images, side, down=0, right=0):
    """Images enlarged to side x side pixels, in a frame of 16x16, so far off its middle."""
    found = np.zeros((len(images), 16, 16, 1), np.uint8)
    top, left = (16 - side) // 2 + down, (16 - side) // 2 + right
    found[:, top : top + side, left : left + side] = [resize(image[..., None], (side, side)) for image in images]
    return found


# 1. The paper's own experiment: five patterns, shown 20 times each at random places, and no labels. Which of the 24 last
# cells answers most to a pattern at each of 25 places?

patterns = [np.where(x[np.flatnonzero(y == digit)[:1]] > 127, 255, 0).astype(np.uint8) for digit in range(5)]
rng = np.random.default_rng(0)
shown = [placed(pattern, 10, *rng.integers(-2, 3, 2)) for pattern in patterns for _ in range(20)]
model = keras.zoo.Neocognitron(seed=0)
model.summary()
print("planes that have learned something:", keras.zoo.self_organize(model, np.concatenate(shown)))
for digit, pattern in enumerate(patterns):
    everywhere = [placed(pattern, 10, down, right) for down, right in itertools.product(range(-2, 3), repeat=2)]
    cells, times = np.unique(model.predict(np.concatenate(everywhere)).argmax(1), return_counts=True)
    print(
        f"{digit}:", ", ".join(f"cell {cell} at {count} of 25 places" for cell, count in zip(cells, times, strict=True))
    )


# 2. Hundreds of digits. What is learned without labels is judged by a linear readout, which has labels: on digits where
# those it learned from stood, and on digits moved to the four sides. Beside it the same readout of the pixels, and of
# cells that have learned nothing (their synapses are drawn).


def judged(name, see):
    """How many test digits a linear readout of what `see` makes of images gets right, unmoved and moved."""
    readout = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")], seed=0)
    readout.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    readout.fit(see(placed(x, 12)), y, batch_size=64, epochs=20, verbose=0, preprocess="standardise")
    right = []
    for far in range(3):
        places = {(far, 0), (-far, 0), (0, far), (0, -far)}
        moved = np.concatenate([placed(tx, 12, *place) for place in places])
        right.append(readout.evaluate(see(moved), np.tile(ty, len(places)), verbose=0)[1])
    print(f"{name:<12} {right[0]:>8.1%} {right[1]:>11.1%} {right[2]:>12.1%}")
    return right[0]


def layer_of(model, name):
    """What a layer says of images."""
    return lambda images: keras.Model(model.inputs, model.get_layer(name).output).predict(images)


print(f"\n{'readout of':<12} {'in place':>8} {'1 pixel off':>11} {'2 pixels off':>12}")
judged("pixels", lambda images: images.astype(np.float32) / 255)
drawn = keras.zoo.Neocognitron(selectivity=(4.0, 5.0, 8.0), seed=0)
for name in ("US1", "US2", "US3"):
    excitation, *others = drawn.get_layer(name).get_weights()
    drawn.get_layer(name).set_weights([rng.random(excitation.shape), *others])
taught = keras.zoo.Neocognitron(selectivity=(4.0, 5.0, 8.0), seed=0)
keras.zoo.self_organize(taught, placed(x, 12))
accuracies = {}
for name in ("UC1", "UC2", "UC3"):
    judged(f"{name} drawn", layer_of(drawn, name))
    accuracies[name] = judged(f"{name} taught", layer_of(taught, name))
accuracy = accuracies["UC1"]
print(
    f"{accuracy:.1%} of {len(ty)} test images are right, read from the first module, and most of the moved ones still,"
)
print("read from the second. The last module, which told five patterns apart, is no good at hundreds.")
