"""The reference networks in the words that Keras and striate share: the library is the argument."""

from typing import Any


def declare(keras: Any, network: str) -> Any:
    """A model that gives probabilities."""
    return {"lenet": _lenet, "vgg": _vgg, "resnet18": _resnet18, "mlp": _mlp}[network](keras)


def _lenet(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(20, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(40, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(100, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def _vgg(keras: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential([keras.Input((32, 32, 3))])
    for width in (64, 128, 256):
        for _ in range(2):
            model.add(layers.Conv2D(width, 3, padding="same", use_bias=False))
            model.add(layers.BatchNormalization())
            model.add(layers.ReLU())
        model.add(layers.MaxPooling2D(2))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, activation="softmax"))
    return model


def _resnet18(keras: Any) -> Any:
    layers = keras.layers

    def normalised(x: Any, width: int, size: int, stride: int) -> Any:
        x = layers.Conv2D(width, size, strides=stride, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    image = keras.Input((64, 64, 3))
    x = layers.ReLU()(normalised(image, 64, 7, 2))
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for width in (64, 128, 256, 512):
        for stride in (1 if width == 64 else 2, 1):
            y = layers.ReLU()(normalised(x, width, 3, stride))
            y = normalised(y, width, 3, 1)
            x = normalised(x, width, 1, stride) if stride > 1 else x
            x = layers.ReLU()(layers.Add()([y, x]))
    return keras.Model(image, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def _mlp(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(30, activation="sigmoid"),
            layers.Dense(10, activation="softmax"),
        ]
    )
