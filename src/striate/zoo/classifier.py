"""How the networks of 2012 to 2014 end."""

from striate.layers import Dense, Dropout, Flatten, Layer

__all__ = ["classifier"]


def classifier(classes: int) -> list[Layer]:
    """Two wide dense layers and the classes, half of the numbers before each dropped: AlexNet, ZFNet and VGG end so.

    Source:  Krizhevsky et al. 2012, doi:10.1145/3065386
    Example: >>> [layer.name for layer in classifier(10) if layer.name]
             ['fc6', 'fc7', 'fc8']
    """
    return [
        Flatten(),
        Dropout(0.5),
        Dense(4096, "relu", name="fc6"),
        Dropout(0.5),
        Dense(4096, "relu", name="fc7"),
        Dense(classes, "softmax", name="fc8"),
    ]
