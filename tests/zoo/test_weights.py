"""Weights of torchvision's names and shapes: the same outputs as plain torch, and whatever else a file may be."""

import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from striate import zoo
from striate.cli.app import run
from striate.errors import DataError, DeclarationError, StorageError, UnknownNameError
from striate.model import load
from striate.zoo import unpickle, weights
from tests.zoo.torchvision_networks import NAMES, drawn, rebuilt

SMALL = {"AlexNet": (64, 96, 3), **{f"VGG{depth}": (32, 64, 3) for depth in (11, 13, 16, 19)}}


@pytest.mark.parametrize("name", NAMES)
def test_its_names_and_shapes_are_those_that_torchvision_publishes(name):
    with torch.device("meta"):
        published = rebuilt(name).state_dict()
    ours = weights.torchvision_names(zoo.build(name).network, zoo.find(name).torchvision)
    counters = {key for key in published if key.endswith("num_batches_tracked")}
    assert {key: shape for key, (_, shape) in ours.items()} == {
        key: tuple(tensor.shape) for key, tensor in published.items() if key not in counters
    }


@pytest.mark.parametrize(
    ("name", "last"),
    [("VGG11", "features.18"), ("VGG13", "features.22"), ("VGG16", "features.28"), ("VGG19", "features.34")],
)
def test_the_last_convolution_of_a_vgg_stands_where_it_is_known_to_stand(name, last):
    assert last in zoo.find(name).torchvision.values()
    assert f"features.{int(last.partition('.')[2]) + 2}" not in zoo.find(name).torchvision.values()


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name not in ("AlexNet", "VGG11", "ResNet50"))) for name in NAMES],
)
def test_outputs_are_those_of_plain_torch(name):
    shape = SMALL.get(name, (64, 96, 3))
    plain = rebuilt(name, shape, 5).eval()
    state = drawn(plain)
    plain.load_state_dict(state)
    model = zoo.build(name, input_shape=shape, classes=5)
    weights.fill(model, zoo.find(name).torchvision, state)
    x = torch.randn(2, 3, *shape[:2], generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, found = torch.softmax(plain(x), 1), model.module.eval()(x)
    assert expected.std() > 1e-3, "the outputs say something"
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def resnet18(tmp_path_factory):
    """A file as torchvision publishes it, and its network."""
    plain = rebuilt("ResNet18").eval()
    plain.load_state_dict(drawn(plain))
    path = tmp_path_factory.mktemp("published") / "resnet18.pth"
    torch.save(plain.state_dict(), path)
    return path, plain


def test_the_command_makes_a_model_that_predicts_as_torchvision_does(resnet18, tmp_path, capsys):
    path, plain = resnet18
    out = tmp_path / "r.striate"
    assert run(["import", str(path), "--to", "zoo:ResNet18", "--out", str(out)]) == 0
    assert "ResNet18 with 11,699,112 weights" in capsys.readouterr().out
    image = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3)).astype(np.uint8)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        expected = torch.softmax(plain(((torch.from_numpy(image) / 255 - mean) / std).permute(0, 3, 1, 2)), 1)
    assert np.allclose(load(out).predict(image), expected, rtol=1e-3, atol=1e-6)
    assert run(["import", str(path), "--to", "zoo:ResNet18", "--out", str(out)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_safetensors_are_taken_without_a_process(resnet18, tmp_path, monkeypatch):
    path, plain = resnet18
    safe = tmp_path / "weights"
    save_file({key: value.contiguous() for key, value in plain.state_dict().items()}, safe)
    monkeypatch.setattr(weights.subprocess, "run", None)
    found = weights.read_tensors(safe)
    assert all(torch.equal(found[key], value) for key, value in plain.state_dict().items())
    with pytest.raises(TypeError):
        weights.read_tensors(path)


def spoilt(state, change):
    state = dict(state)
    change(state)
    return state


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("conv1.weight"), "missing: conv1.weight"),
        (lambda state: state.update(more=torch.zeros(1)), "not of this network: more"),
        (
            lambda state: state.update({"fc.bias": torch.zeros(10)}),
            "of another shape: fc.bias (10,) instead of (1000,)",
        ),
        (lambda state: state.update({"fc.bias": torch.full((1000,), torch.nan)}), "not finite: fc.bias"),
        (lambda state: state.update({"bn1.running_var": -torch.ones(64)}), "a variance below 0: bn1.running_var"),
        (lambda state: state.update({"fc.bias": torch.ones(1000).double() * 1e300}), "not finite: fc.bias"),
        (
            lambda state: state.update({"fc.bias": torch.full((1000,), torch.nan).to(torch.float8_e4m3fn)}),
            "not finite: fc.bias",
        ),
        (
            lambda state: state.update({"fc.bias": torch.ones(1000, dtype=torch.int8)}),
            "whole or complex numbers: fc.bias torch.int8",
        ),
        (
            lambda state: state.update({"fc.bias": torch.ones(1000) * 1j}),
            "whole or complex numbers: fc.bias torch.complex64",
        ),
        (
            lambda state: [state.pop(key) for key in list(state) if "layer1" in key],
            "missing: layer1.0.conv1.weight, layer1.0.bn1.weight, layer1.0.bn1.bias and 17 more",
        ),
    ],
)
def test_what_is_missing_too_much_or_misshapen_is_told_and_nothing_is_changed(resnet18, change, said):
    model = zoo.ResNet18(seed=0)
    before = model.get_weights()
    with pytest.raises(StorageError) as told:
        weights.fill(model, zoo.find("ResNet18").torchvision, spoilt(resnet18[1].state_dict(), change))
    assert told.value.sum == said
    assert told.value.what == "these are not the weights of a resnet18 of 1000 classes"
    assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))


class Malicious:
    """Unpickled, it would make a folder."""

    def __init__(self, place):
        self.place = str(place)

    def __reduce__(self):
        return os.mkdir, (self.place,)


def bomb(path):
    """A tensor of a terabyte, of which the file holds four bytes."""
    torch.save({"conv1.weight": torch.zeros(1).expand(10**6, 10**6)}, path)


def packed_bomb(path):
    """Two hundred million bytes of zeros, packed into two hundred thousand."""
    torch.save({"conv1.weight": torch.zeros(50_000_000)}, path)
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


REFUSED = {
    "code": (lambda path: torch.save({"w": Malicious(path.parent / "made")}, path), "asks for more than tensors"),
    "a bomb": (bomb, "more memory than its size explains"),
    "a packed bomb": (packed_bomb, "more memory than its size explains"),
    "a header that lies": (lambda path: path.write_bytes((1 << 40).to_bytes(8, "little") + b"{}"), "is damaged"),
}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] * ("packed" in kind)) for kind in REFUSED]
)
def test_a_file_that_asks_for_too_much_is_refused_and_nothing_of_it_is_run(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "_ROOM", 1 << 27)
    make, said = REFUSED[kind]
    make(tmp_path / "file.pth")
    with pytest.raises(StorageError, match=said):
        weights.read_tensors(tmp_path / "file.pth")
    assert not (tmp_path / "made").exists()


FOREIGN = {
    "code in an old pickle": lambda path: path.write_bytes(pickle.dumps({"w": Malicious(path.parent / "made")})),
    "a list": lambda path: torch.save([torch.zeros(1)], path),
    "an empty table": lambda path: torch.save({}, path),
    "numbers": lambda path: torch.save({"epoch": 3}, path),
    "numbers as names": lambda path: torch.save({1: torch.zeros(1)}, path),
    "a table in a table": lambda path: torch.save({"model": {"w": torch.zeros(1)}}, path),
    "sparse tensors": lambda path: torch.save({"w": torch.eye(2).to_sparse()}, path),
}


@pytest.mark.filterwarnings("ignore")  # torch warns of sparse tensors
@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_no_table_of_tensors_is_told_by_the_process_that_reads_it(kind, tmp_path):
    FOREIGN[kind](tmp_path / "file.pth")
    with pytest.raises(ValueError, match=r"it holds|it asks for more"):
        unpickle.convert(str(tmp_path / "file.pth"), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "made").exists()


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x80\x02", b"PK\x03\x04", bytes(1000)])
def test_what_torch_never_wrote_is_refused_in_words(content, tmp_path):
    (tmp_path / "file.pth").write_bytes(content)
    with pytest.raises(StorageError, match="cannot take weights from the file: it"):
        weights.read_tensors(tmp_path / "file.pth")


def test_the_malicious_pickle_would_do_it(tmp_path):
    """So that its refusal says something."""
    pickle.loads(pickle.dumps(Malicious(tmp_path / "made")))  # noqa: S301
    assert (tmp_path / "made").exists()


@pytest.mark.slow
def test_a_truncated_file_is_refused_in_words(resnet18, tmp_path, capsys):
    content = resnet18[0].read_bytes()
    (tmp_path / "short.pth").write_bytes(content[: len(content) // 2])
    command = ["import", str(tmp_path / "short.pth"), "--to", "zoo:ResNet18", "--out", str(tmp_path / "x.striate")]
    assert run(command) == 2
    told = capsys.readouterr().err
    assert "cut short, damaged" in told
    assert "short.pth" in told
    assert "fix   : a file made by torch.save" in told
    assert not (tmp_path / "x.striate").exists()


def test_a_network_without_published_weights_or_an_unknown_one_is_told(tmp_path):
    with pytest.raises(DeclarationError) as told:
        weights.pretrained("LeNet5", tmp_path / "x.pth")
    assert "AlexNet, VGG11" in told.value.sum
    with pytest.raises(UnknownNameError):
        weights.pretrained("VGG", tmp_path / "x.pth")
    with pytest.raises(DataError, match="there is no such file"):
        weights.pretrained("VGG16", tmp_path / "x.pth")
    assert run(["import", str(tmp_path / "x.pth"), "--to", "zoo:VGG16", "--out", "x.keras"]) == 2


def test_half_precision_is_widened(tmp_path):
    torch.save({"w": torch.tensor([0.5], dtype=torch.float16), "n": torch.tensor(3)}, tmp_path / "half.pth")
    unpickle.convert(str(tmp_path / "half.pth"), str(tmp_path / "out"))
    found = weights.read_tensors(tmp_path / "out")
    assert found["w"].dtype == torch.float32
    assert found["w"].tolist() == [0.5]
    assert found["n"].item() == 3
