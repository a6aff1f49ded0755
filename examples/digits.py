"""From a declaration to a network that can be handed on: scikit-learn's handwritten digits, in a few seconds.

python examples/digits.py
"""

import torch

import striate as keras

(x, y), (tx, ty) = keras.datasets.digits.load_data()
model = keras.Sequential(
    [
        keras.layers.Conv2D(32, 3, padding="same", activation="relu", input_shape=(8, 8, 1)),
        keras.layers.MaxPooling2D(2),
        keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(10, activation="softmax"),
    ],
    seed=0,
)

# Before any weight exists: what it costs, what each unit sees, what is wrong with it.
model.summary()
print(model.check().macs, "multiply-accumulates for an image")

model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
stop_early = keras.callbacks.EarlyStopping(patience=3)
model.fit(x, y, batch_size=64, epochs=12, validation_split=0.1, callbacks=[stop_early])
loss, accuracy = model.evaluate(tx, ty, verbose=0)
print(f"{accuracy:.1%} of {len(ty)} test images are right")

model.save("digits.striate")
again = keras.models.load_model("digits.striate")
assert (again.predict(tx) == model.predict(tx)).all()

# The same network for those who have torch and no striate: float32 images (n, c, h, w), scaled as in training, in.
x = torch.from_numpy(tx[..., None]).permute(0, 3, 1, 2) / 255
print(model.module(x).argmax(1)[:10].tolist(), "said;", ty[:10].tolist(), "is true")
