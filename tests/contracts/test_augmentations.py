"""Every augmentation is declared as concepts are, does what the textbook does, and the same whatever the batch."""

import dataclasses

import numpy as np
import pytest
import torch

from striate import textbook
from striate.augmentations import Augmentation, Colouring, Erasing, Mixing, Moving
from striate.loader import Augmenter
from striate.loader.augment import uniform
from tests.contracts.declarations import check_declaration, shelf_members, variants
from tests.parity import agree

MEMBERS = shelf_members("augmentations")
LABEL_KEEPING = [name for name, member in MEMBERS.items() if not member.mixes]
MIXING = [name for name, member in MEMBERS.items() if member.mixes]

SIZES = {"one pixel": (1, 1), "one row": (1, 7), "high": (9, 4), "square": (6, 6)}
ROWS = torch.arange(100, 116)
SEED, EPOCH = 3, 2
BOUND = 1e-4
"""Of pixels from 0 to 1: places and colours are single precision."""


def pictures(size, channels=3, count=16, seed=0):
    """Noise, float32 from 0 to 1."""
    return torch.rand(count, *size, channels, generator=torch.Generator().manual_seed(seed))


def bytes_of(images):
    return (255 * images).round().to(torch.uint8)


def augmented(augmentation, images, rows=ROWS, epoch=EPOCH, seed=SEED):
    """What comes out, of what mixes too."""
    augment = Augmenter([augmentation], seed)
    mixed = augment.mix(images, rows, epoch)
    return augment(images, rows, epoch) if mixed is None else mixed[0]


def by_book(augmentation, images, rows=ROWS):
    """The same by the textbook."""
    given = {key: value for key, value in vars(augmentation).items() if key != "value_range"}
    rule = getattr(textbook, type(augmentation).__name__)(**given)
    draws = uniform(SEED, 0 if augmentation.alternating else EPOCH, rows, augmentation.draws).tolist()
    exact = images.double().numpy()
    if augmentation.mixes:
        return rule.forward(exact, draws)
    return np.stack([rule.forward(*each) for each in zip(exact, draws, strict=True)])


@pytest.mark.parametrize("name", MEMBERS)
def test_it_is_declared_as_concepts_are(name):
    check_declaration(MEMBERS[name])


@pytest.mark.parametrize("name", MEMBERS)
def test_it_has_a_textbook_rule(name):
    assert hasattr(getattr(textbook, name), "forward")


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", MEMBERS)
def test_pixels_are_those_of_the_textbook(name, size, channels):
    images = pictures(size, channels)
    for augmentation in variants(MEMBERS[name]):
        assert agree(augmented(augmentation, images), by_book(augmentation, images), BOUND)


@pytest.mark.parametrize("name", MEMBERS)
def test_one_pixel_wrong_by_a_thousandth_is_caught(name):
    images = pictures((6, 6))
    augmentation = MEMBERS[name].example()
    wrong = augmented(augmentation, images)
    wrong[5, 2, 3, 1] += 1e-3
    assert not agree(wrong, by_book(augmentation, images), BOUND)


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
@pytest.mark.parametrize("name", MEMBERS)
def test_bytes_are_the_same_pixels_rounded(name, channels):
    images = bytes_of(pictures((7, 5), channels))
    augmentation = MEMBERS[name].example()
    out = augmented(augmentation, images)
    assert out.dtype == torch.uint8
    assert out.shape == images.shape
    if isinstance(augmentation, Colouring):
        augmentation = dataclasses.replace(augmentation, value_range=(0.0, 255.0))
    exact = augmented(augmentation, images.float())
    assert (out - exact).abs().max() <= 0.5


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", MEMBERS)
def test_floats_keep_their_type_and_stay_between_black_and_white(name, dtype):
    images = pictures((6, 5)).round().to(dtype)  # black and white: any change goes beyond
    out = augmented(MEMBERS[name].example(), images)
    assert out.dtype == dtype
    assert out.min() >= 0
    assert out.max() <= 1 + 1e-6  # shares of neighbours add up to 1 but for rounding


def check_batches(augmentation, images):
    """An image comes out the same whatever batch it is in, and where in it."""
    whole = augmented(augmentation, images)
    mixed = torch.randperm(len(images), generator=torch.Generator().manual_seed(2))
    for part in (*torch.arange(len(images)).split(1), mixed[:5], mixed):
        assert torch.equal(augmented(augmentation, images[part], ROWS[part]), whole[part])


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
@pytest.mark.parametrize("size", [*SIZES.values(), (33, 18)], ids=[*SIZES, "large"])
@pytest.mark.parametrize("name", LABEL_KEEPING)
def test_an_image_is_changed_the_same_way_in_any_batch(name, size, channels):
    for images in (pictures(size, channels), bytes_of(pictures(size, channels))):
        check_batches(MEMBERS[name].example(), images)


@pytest.mark.parametrize("name", MEMBERS)
def test_an_image_is_changed_by_seed_epoch_and_row(name):
    images, augmentation = bytes_of(pictures((8, 8))), MEMBERS[name].example()
    whole = augmented(augmentation, images)
    assert torch.equal(whole, augmented(augmentation, images))
    for other in ({"seed": SEED + 1}, {"epoch": EPOCH + 1}, {"rows": ROWS + 16}):
        assert not torch.equal(whole, augmented(augmentation, images, **other))


def test_an_augmentation_that_looks_at_its_batch_is_caught():
    class Leaning(Colouring, abstract=True):
        draws = 1

        def recolour(self, draws, mean):
            return draws.mean() * torch.eye(3, 4, dtype=draws.dtype).repeat(len(draws), 1, 1)

    with pytest.raises(AssertionError):
        check_batches(Leaning(), pictures((4, 4)))


@pytest.mark.parametrize("name", MIXING)
def test_a_share_is_the_same_in_any_batch_and_partners_in_any_order(name):
    images = pictures((3, 3))
    augment = Augmenter([MEMBERS[name].example()], SEED)
    _, partner, share = augment.mix(images, ROWS, EPOCH)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(2))
    again, other, same = augment.mix(images[order], ROWS[order], EPOCH)
    assert torch.equal(same, share[order])
    assert torch.equal(order[other], partner[order])
    assert torch.equal(again, augment.mix(images, ROWS, EPOCH)[0][order])
    assert partner.sort()[0].tolist() == list(range(16)), "each is somebody's partner"
    assert (partner != torch.arange(16)).all(), "nobody its own"
    alone, own, _ = augment.mix(images[:1], ROWS[:1], EPOCH)
    assert own.tolist() == [0]
    assert torch.allclose(alone, images[:1])


@pytest.mark.parametrize("name", MEMBERS)
def test_the_images_given_stay_as_they_were(name):
    for images in (pictures((6, 5)), bytes_of(pictures((6, 5)))):
        before = images.clone()
        augmented(MEMBERS[name].example(), images)
        assert torch.equal(images, before)


@pytest.mark.parametrize("name", MEMBERS)
def test_no_images_come_out_as_none(name):
    nothing = torch.zeros(0, 4, 4, 3, dtype=torch.uint8)
    augment = Augmenter([MEMBERS[name].example()], SEED)
    assert augment(nothing, torch.arange(0), 0).shape == nothing.shape
    assert augment.mix(nothing, torch.arange(0), 0) is None


@pytest.mark.parametrize("name", MEMBERS)
def test_it_says_whether_labels_of_pixels_stay_under_them(name):
    """A strip of another colour stays a strip, there, unless pixels move."""
    images = torch.full((16, 8, 8, 3), 0.25)
    images[:, :, :2] = torch.tensor([0.5, 0.75, 0.25])
    augmentation = MEMBERS[name].example()
    if augmentation.mixes:
        return
    out = augmented(augmentation, images)
    if isinstance(augmentation, Erasing):
        out = torch.where(out == augmentation.fill_value, images, out)
    parts = out.split([2, 6], 2)
    stays = all(torch.allclose(part, part[:, :1, :1].expand_as(part), atol=1e-6) for part in parts)
    assert stays != augmentation.moves


@pytest.mark.parametrize("name", MEMBERS)
def test_it_is_of_exactly_one_kind(name):
    kinds = [kind for kind in (Moving, Colouring, Erasing, Mixing) if issubclass(MEMBERS[name], kind)]
    assert len(kinds) == 1
    assert issubclass(kinds[0], Augmentation)
    assert MEMBERS[name].moves == (kinds == [Moving])
    assert MEMBERS[name].mixes == (kinds == [Mixing])


@pytest.mark.parametrize("name", MEMBERS)
def test_pixels_are_changed_on_the_device_where_they_are(name, monkeypatch):
    """The device "meta" holds no numbers and mixes with no other; all that is asked of it is the mean colour."""
    asked = torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, "cpu", lambda x: torch.zeros(x.shape, dtype=x.dtype) if x.is_meta else asked(x))
    images = torch.zeros(16, 6, 5, 3, dtype=torch.uint8, device="meta")
    out = augmented(MEMBERS[name].example(), images)
    assert (out.device.type, out.shape, out.dtype) == ("meta", images.shape, torch.uint8)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", MEMBERS)
def test_pixels_are_the_same_on_a_gpu(name):
    images = pictures((9, 8))
    here = augmented(MEMBERS[name].example(), images)
    there = augmented(MEMBERS[name].example(), images.cuda()).cpu()
    assert agree(there, here, BOUND)
