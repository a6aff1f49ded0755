"""U-Net: down to what is there, up again to where it is."""

from striate.errors import ShapeError
from striate.layers import Concatenate, Conv2D, Conv2DTranspose, Cropping2D, Dropout, Input, MaxPooling2D, Symbol
from striate.model import Model
from striate.units import Count
from striate.zoo.base import InputShape, Seed, published

__all__ = ["UNet"]

_LEVELS = 4


@published(2015, "Ronneberger, Fischer & Brox 2015, arXiv:1505.04597", "001 L694 (where the ReLUs are leaky)")
def UNet(input_shape: InputShape = (572, 572, 1), classes: Count = 2, seed: Seed = None, name: str = "unet") -> Model:
    """A class for each pixel: four levels down, four up, and at each level the map of the way down beside that of the way up.

    Nothing is padded, so the answer is for the middle of the image alone, 388 of 572 pixels: at the edges a pixel's
    neighbourhood is not known.

    Shape:   (h, w, c) -> (h - 184, w - 184, classes)
    Cost:    31,030,658 params, 150,428,424,448 MACs on 572x572 pixels
    Errors:  ShapeError for a size that does not come out even where it is halved.
    Example: >>> UNet().output_shape
             (None, 388, 388, 2)
    """
    x = image = Input(input_shape)
    passed: list[Symbol] = []
    for level in range(_LEVELS + 1):
        x = _two(x, 64 * 2**level, f"down{level}")
        x = Dropout(0.5)(x) if level >= _LEVELS - 1 else x  # the last two levels, "at the end of the contracting path"
        if level < _LEVELS:
            passed.append(x)
            x = MaxPooling2D(2)(_even(x, input_shape))
    for level in reversed(range(_LEVELS)):
        filters = 64 * 2**level
        x = Conv2DTranspose(
            filters, 2, strides=2, activation="relu", kernel_initializer="he_normal", name=f"up{level}_transposed"
        )(x)
        x = _two(Concatenate()(_middle(passed[level], x), x), filters, f"up{level}")
    return Model(image, Conv2D(classes, 1, activation="softmax", name="output")(x), name, seed)


def _two(x: Symbol, filters: int, name: str) -> Symbol:
    for number in (1, 2):
        x = Conv2D(filters, 3, activation="relu", kernel_initializer="he_normal", name=f"{name}_conv{number}")(x)
    return x


def _even(x: Symbol, input_shape: tuple[int, ...]) -> Symbol:
    """The map itself, if it can be halved.

    Errors: ShapeError with the nearest size of an image that can, on each axis; they are 16 pixels apart.
    """
    if any(size % 2 for size in x.shape[:2]):
        nearest = " x ".join(str(max(round((size - 12) / 16) * 16 + 12, 188)) for size in input_shape[:2])
        raise ShapeError(
            f"UNet cannot halve a map of {x.shape[0]}x{x.shape[1]}",
            sum=" and ".join(f"{size} mod 2 = {size % 2}" for size in x.shape[:2]),
            fix=f"images of {nearest} pixels: sides of 188, 204, 220 ... come out even at every level",
        )
    return x


def _middle(x: Symbol, like: Symbol) -> Symbol:
    """What of a map lies over the middle, where the smaller one is."""
    above, aside = (have - want for have, want in zip(x.shape[:2], like.shape[:2], strict=True))
    return Cropping2D(((above // 2, above - above // 2), (aside // 2, aside - aside // 2)))(x)
