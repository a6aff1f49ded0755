"""The index of the zoo, and what its functions refuse."""

import inspect

import pytest

from striate import zoo
from striate.errors import ArgumentError, ShapeError, StriateError, UnknownNameError

NAMES = pytest.mark.parametrize("name", zoo.members())


def test_every_network_of_the_contract_is_there():
    said = (
        "Perceptron MLP TextbookCNN LeNet5 LeNet5Original TDNN NiN AlexNet AlexNetTwoTower ZFNet VGG11 VGG13 VGG16 VGG19 "
        "GoogLeNet ResNet18 ResNet34 ResNet50 ResNet20 ResNet32 ResNet44 ResNet56 ResNet110 UNet"
    )
    assert set(said.split()) <= set(zoo.members())


@NAMES
def test_a_network_says_where_it_comes_from_and_takes_what_all_take(name):
    entry = zoo.members()[name]
    assert getattr(zoo, name) is entry.make
    assert entry.source
    assert 1950 < entry.year < 2030
    assert f"Source:  {entry.source}" in (entry.make.__doc__ or "")
    assert {"input_shape", "classes", "seed", "name"} <= set(inspect.signature(entry.make).parameters)


@NAMES
@pytest.mark.parametrize(
    "wrong", [{"classes": 0}, {"classes": 2.5}, {"input_shape": (0, 8, 1)}, {"input_shape": ()}, {"seed": -1}]
)
def test_what_cannot_be_meant_is_refused_by_name(name, wrong):
    with pytest.raises(ArgumentError, match=f"{name}: {next(iter(wrong))}"):
        zoo.build(name, **wrong)


def test_a_wrong_argument_names_the_right_one():
    with pytest.raises(ArgumentError) as told:
        zoo.build("VGG16", clases=3)
    assert told.value.fix == "did you mean 'classes'?"
    with pytest.raises(ArgumentError, match="twice"):
        zoo.VGG16((32, 32, 3), input_shape=(32, 32, 3))
    with pytest.raises(ArgumentError, match="takes 4 arguments, 5 are given"):
        zoo.VGG16((32, 32, 3), 10, 0, "vgg", "more")


def test_a_name_is_found_in_any_case_and_an_unknown_one_names_the_nearest():
    assert zoo.find("resnet_18").name == zoo.find("ResNet-18").name == "ResNet18"
    with pytest.raises(UnknownNameError) as told:
        zoo.build("GogLeNet")
    assert told.value.fix == "did you mean 'GoogLeNet'?"
    assert "LeNet5Original" in told.value.sum


def test_images_that_are_too_small_are_refused_with_the_sum_and_the_network():
    with pytest.raises(ShapeError) as told:
        zoo.VGG16((16, 16, 3))
    assert "zoo.VGG16, input_shape=(16, 16, 3)" in told.value.where
    assert "must be >= 1" in told.value.sum
    with pytest.raises(ShapeError, match="takes"):
        zoo.ResNet18((32, 32))


def test_more_classes_than_pictures_are_refused_with_the_sum():
    with pytest.raises(StriateError) as told:
        zoo.LeNet5Original(classes=11)
    assert told.value.sum == "11 classes, 10 pictures of digits to compare with"
    assert zoo.LeNet5Original(classes=3).output_shape == (None, 3)


def test_a_seed_fixes_the_weights():
    one, same, other = (zoo.LeNet5(seed=seed).get_weights()[0] for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()
