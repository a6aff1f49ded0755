"""Idx files made by hand are read right, and each kind of damage is one message with the byte and the sum."""

import gzip
import random
import struct
import tracemalloc

import numpy as np
import pytest

from striate.datasets import MNIST, idx, mnist, read_idx, read_idx_pair
from striate.errors import DataError

CODES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def header(*sizes, code=0x08):
    return struct.pack(f">4B{len(sizes)}I", 0, 0, code, len(sizes), *sizes)


def packed(content):
    return gzip.compress(content, mtime=0)


WHOLE = header(2, 3) + bytes([1, 2, 3, 4, 5, 6])
PACKED = packed(WHOLE)


@pytest.fixture
def written(tmp_path):
    def write(content, name="numbers"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("content", [WHOLE, PACKED, packed(WHOLE[:7]) + packed(WHOLE[7:])])
def test_the_first_bytes_tell_whether_a_file_is_packed_and_not_its_name(written, content):
    for name in ("numbers", "numbers.gz"):
        found = read_idx(written(content, name))
        assert found.tolist() == [[1, 2, 3], [4, 5, 6]]
        assert found.dtype == np.uint8


@pytest.mark.parametrize(
    ("code", "raw", "values"),
    [
        (0x08, b"\x00\xff", [0, 255]),
        (0x09, b"\x7f\xff", [127, -1]),
        (0x0B, b"\x01\x02\xff\xfe", [258, -2]),
        (0x0C, b"\x00\x01\x00\x00\xff\xff\xff\xff", [65536, -1]),
        (0x0D, b"\x3f\x80\x00\x00\xc0\x00\x00\x00", [1.0, -2.0]),
        (0x0E, b"\x3f\xe0" + bytes(6) + b"\xc0\x08" + bytes(6), [0.5, -3.0]),
    ],
)
def test_every_type_of_numbers_is_big_endian_in_the_file_and_native_in_memory(written, code, raw, values):
    found = read_idx(written(header(2, code=code) + raw))
    assert found.tolist() == values
    assert found.dtype == np.dtype(CODES[code]).newbyteorder("=")
    found[0] = 0  # the array is the caller's own


def test_one_to_four_axes_are_read(written):
    for axes in range(1, 5):
        sizes = (2,) * axes
        assert read_idx(written(header(*sizes) + bytes(2**axes))).shape == sizes


@pytest.mark.parametrize(
    ("content", "byte", "said"),
    [
        (b"", 0, "a header has 4 bytes and 4 for each axis, 0 are there"),
        (b"\0\0\x08", 3, "a header has 4 bytes and 4 for each axis, 3 are there"),
        (b"\x01" + WHOLE[1:], 0, "begins with 0x01 0x00, not with 0x00 0x00"),
        (b"\0\x02" + WHOLE[2:], 0, "begins with 0x00 0x02, not with 0x00 0x00"),
        (b"\0\0\x0a" + WHOLE[3:], 2, "0x0a is no type of numbers"),
        (b"\0\0\x08\0" + WHOLE[4:], 3, "it says 0 axes, 1 to 4 are read"),
        (header(1, 1, 1, 1, 1) + b"\0", 3, "it says 5 axes, 1 to 4 are read"),
        (WHOLE[:10], 10, "4 + 4*2 = 12 bytes of header, 10 are there"),
        (header(3, 0), 8, "sizes (3, 0)"),
        (WHOLE[:-1], 17, "12 + 2*3*1 = 18 bytes needed, 17 are there"),
        (WHOLE + b"\0", 18, "12 + 2*3*1 = 18 bytes needed"),
        (header(3, code=0x0E) + bytes(20), 28, "8 + 3*8 = 32 bytes needed, 28 are there"),
        (header(1 << 20, 1 << 20) + bytes(6), 18, "12 + 1,048,576*1,048,576*1 = 1,099,511,627,788 bytes needed"),
        (header(*[(1 << 32) - 1] * 4), 20, "20 + 4,294,967,295*4,294,967,295*4,294,967,295*4,294,967,295*1"),
    ],
)
def test_damage_is_told_with_its_byte_and_its_sum(written, content, byte, said):
    path = written(content)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert caught.value.where == f"{path}, byte {byte}"
    assert said in caught.value.what + caught.value.sum
    assert caught.value.fix == "fetch the file anew"


@pytest.mark.parametrize(
    ("content", "byte", "said"),
    [
        (packed(b""), 0, "a header has 4 bytes"),
        (packed(WHOLE[:-1]), 17, "18 bytes needed, 17 are there"),
        (packed(WHOLE + b"\0"), 18, "more bytes follow the last number"),
        (packed(header(1 << 20, 1 << 20)), 4, "packed bytes cannot hold that"),
        (PACKED[:2], 0, "the packed file ends too early"),
        (PACKED[:12], 0, "the packed file ends too early"),
        (PACKED[:-8] + bytes(8), 18, "CRC check failed"),
        (PACKED[:10] + b"\xff" * len(PACKED[10:]), 0, "cannot be unpacked"),
        (PACKED + b"rubbish", 18, "Not a gzipped file"),
    ],
)
def test_damage_of_a_packed_file_is_told_with_the_byte_of_what_it_unpacks_to(written, content, byte, said):
    with pytest.raises(DataError) as caught:
        read_idx(written(content))
    assert caught.value.where.endswith(f", byte {byte}")
    assert said in caught.value.what + caught.value.sum


@pytest.mark.parametrize(
    "content",
    [
        header(1 << 20, 1 << 20) + bytes(1000),
        packed(header(1 << 20, 1 << 20) + bytes(1000)),
        packed(header(90_000_000) + random.Random(0).randbytes(100_000)),  # 90 MB could be packed in these 100 kB
        packed(header(10) + bytes(20_000_000)),  # a bomb behind an honest header
    ],
    ids=["plain", "packed", "packed, as could be", "bomb"],
)
def test_no_memory_is_taken_for_what_only_the_header_claims(written, content):
    path = written(content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_no_more_is_read_than_any_published_file_holds(written, monkeypatch):
    monkeypatch.setattr(idx, "LARGEST", 17)
    with pytest.raises(DataError, match="its sizes are too large") as caught:
        read_idx(written(WHOLE))
    assert "at most 17 are read" in caught.value.sum


def test_images_get_a_channel_and_their_labels(written):
    images = written(header(2, 1, 3) + bytes([1, 2, 3, 4, 5, 6]), "images")
    labels = written(packed(header(2) + bytes([9, 0])), "labels")
    pair = read_idx_pair(images, labels, 10)
    assert pair.x.tolist() == [[[[1], [2], [3]]], [[[4], [5], [6]]]]
    assert pair.y.tolist() == [9, 0]


@pytest.mark.parametrize(
    ("images", "labels", "where", "said"),
    [
        (header(2, 1, 1) + bytes(2), header(3) + bytes(3), "byte 4; ", "2 images but 3 labels"),
        (header(2, 1, 1) + bytes(2), header(2) + bytes([0, 10]), "labels, byte 9", "label 10 of image 1 is none of"),
        (header(2, 1) + bytes(2), header(2) + bytes(2), "images, byte 3", "holds uint8 numbers with 2 axes"),
        (header(2, 1, 1) + bytes(2), header(2, 1) + bytes(2), "labels, byte 3", "bytes with 1 axes needed"),
        (header(2, 1, 1, code=9) + bytes(2), header(2) + bytes(2), "images, byte 2", "holds int8 numbers"),
    ],
    ids=["counts", "label", "axes of images", "axes of labels", "type"],
)
def test_two_files_that_do_not_belong_together_are_refused(written, images, labels, where, said):
    with pytest.raises(DataError) as caught:
        read_idx_pair(written(images, "images"), written(labels, "labels"), 10)
    assert where in caught.value.where
    assert said in caught.value.what + caught.value.sum


def test_mnist_is_read_as_published():
    if any(mnist.SOURCE.found(name) is None for name in mnist.SOURCE.sha256):
        pytest.skip("MNIST is not in the cache: `striate data mnist` fetches it")
    data = MNIST().load()
    assert (data.train.x.shape, data.test.x.shape) == ((60_000, 28, 28, 1), (10_000, 28, 28, 1))
    assert np.bincount(data.train.y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    (x_train, y_train), (x_test, _) = mnist.load_data()
    assert (x_train.shape, x_test.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert np.array_equal(y_train, data.train.y)
