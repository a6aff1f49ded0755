"""CIFAR's binary files made by hand are read right, and each kind of damage is one message with the byte and the sum."""

import os

import numpy as np
import pytest

from striate.datasets import CIFAR10, CIFAR100, cifar, cifar10, cifar100, read_cifar
from striate.errors import DataError


def record(*labels, red=0, green=0, blue=0):
    return bytes(labels) + bytes([red] * 1024) + bytes([green] * 1024) + bytes([blue] * 1024)


def folder_of(home, source, content):
    folder = home / source.folder
    folder.mkdir()
    for name in source.sha256:
        (folder / name).write_bytes(content)


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "batch.bin"
        path.write_bytes(content)
        return path

    return write


def test_planes_of_red_green_and_blue_become_pixels(written):
    x, y = read_cifar(written(record(3, red=1, green=2, blue=3) + record(9, blue=255)))
    assert x.shape == (2, 32, 32, 3)
    assert x.dtype == np.uint8
    assert (x[0] == [1, 2, 3]).all()
    assert (x[1] == [0, 0, 255]).all()
    assert y.tolist() == [[3], [9]]


def test_pixels_lie_row_by_row(written):
    planes = np.zeros((3, 32, 32), np.uint8)
    planes[1, 2, 5] = 77
    x, _ = read_cifar(written(b"\0" + planes.tobytes()))
    assert np.argwhere(x).tolist() == [[0, 2, 5, 1]]


def test_two_labels_are_read_in_their_order(written):
    assert read_cifar(written(record(19, 99) + record(0, 1)), (20, 100))[1].tolist() == [[19, 99], [0, 1]]


@pytest.mark.parametrize(
    ("content", "classes", "byte", "said"),
    [
        (b"", (10,), "0", "0 = 0*3,073 + 0; a record has 3,073 bytes"),
        (record(0)[:-1], (10,), "0", "3,072 = 0*3,073 + 3,072"),
        (record(0) + record(1)[:5], (10,), "3,073", "3,078 = 1*3,073 + 5"),
        (record(0) + b"\0", (10,), "3,073", "its last record is cut short"),
        (record(0, 0) + b"\0", (20, 100), "3,074", "3,075 = 1*3,074 + 1; a record has 3,074 bytes"),
        (record(0) + record(10), (10,), "3,073", "label 10 of image 1 is none of the 10 classes"),
        (record(255) + record(10), (10,), "0", "0 <= label <= 10 - 1 = 9 must hold"),
        (record(19, 99) + record(19, 100), (20, 100), "3,075", "label 100 of image 1 is none of the 100 classes"),
        (record(20, 99), (20, 100), "0", "label 20 of image 0 is none of the 20 classes"),
    ],
)
def test_damage_is_told_with_its_byte_and_its_sum(written, content, classes, byte, said):
    path = written(content)
    with pytest.raises(DataError) as caught:
        read_cifar(path, classes)
    assert caught.value.where == f"{path}, byte {byte}"
    assert said in caught.value.what + caught.value.sum
    assert caught.value.fix == "fetch the file anew"


def test_a_file_of_a_terabyte_is_refused_from_its_length(tmp_path):
    path = tmp_path / "batch.bin"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 3073 * 358_000_000)  # holes: nothing of it lies on the disk
    with pytest.raises(DataError, match="it is too long") as caught:
        read_cifar(path)
    assert "at most 1,073,741,824 are read" in caught.value.sum


def test_a_file_that_shrinks_while_it_is_read_is_told(written, monkeypatch):
    path = written(record(0) * 2)
    read = np.fromfile
    monkeypatch.setattr(cifar.np, "fromfile", lambda file, kind, count: read(file, kind, count - 1))
    with pytest.raises(DataError, match="it ends too early"):
        read_cifar(path)


def test_cifar10_joins_its_files_in_order_and_names_those_that_are_short(home, monkeypatch):
    monkeypatch.setattr(cifar10, "_EACH", 2)
    folder_of(home, cifar10.SOURCE, record(1) + record(2))
    (home / cifar10.SOURCE.folder / "data_batch_2.bin").write_bytes(record(7) + record(8))
    (home / cifar10.SOURCE.folder / "test_batch.bin").write_bytes(record(5))
    data = CIFAR10().load()
    assert data.train.y.tolist() == [1, 2, 7, 8, 1, 2, 1, 2, 1, 2]
    assert data.test.y.tolist() == [5]
    (finding,) = data.findings
    assert finding.fault == "short-file"
    assert finding.where.endswith("test_batch.bin")
    assert finding.cause == "the test file holds 1 of 2 images"
    assert finding.severity == "advice"


def test_cifar10_damaged_in_the_cache_names_the_file(home):
    folder_of(home, cifar10.SOURCE, record(1))
    (home / cifar10.SOURCE.folder / "data_batch_4.bin").write_bytes(record(200))
    with pytest.raises(DataError, match=r"data_batch_4\.bin is no CIFAR file"):
        CIFAR10().load()


@pytest.mark.parametrize(("mode", "label", "classes"), [("fine", 98, 100), ("coarse", 14, 20)])
def test_cifar100_gives_the_labels_that_were_asked_for(home, mode, label, classes):
    folder_of(home, cifar100.SOURCE, record(14, 98))
    data = CIFAR100(mode).load()
    assert data.train.y.tolist() == [label]
    assert len(data.classes) == classes
    (_, y_train), (x_test, _) = cifar100.load_data(mode)
    assert y_train.tolist() == [[label]]
    assert x_test.shape == (1, 32, 32, 3)


def test_cifar10_is_read_as_published_and_a_short_test_file_warns_and_goes_on():
    if any(cifar10.SOURCE.found(name) is None for name in cifar10.SOURCE.sha256):
        pytest.skip("CIFAR-10 is not in the cache: `striate data cifar10` fetches it")
    data = CIFAR10().load()
    assert data.train.x.shape == (50_000, 32, 32, 3)
    assert np.bincount(data.train.y).tolist() == [5000] * 10
    assert [name for name in data.classes if name.startswith("a")] == ["airplane", "automobile"]
    # The means of the channels as they are quoted everywhere: 0.4914, 0.4822, 0.4465.
    assert (data.train.x.mean((0, 1, 2)) / 255).round(4).tolist() == [0.4914, 0.4822, 0.4465]
    if len(data.test) == 10_000:
        assert data.findings == []
    else:
        (finding,) = data.findings
        assert f"{len(data.test):,} of 10,000 images" in finding.evidence
