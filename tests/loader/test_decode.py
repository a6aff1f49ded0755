import contextlib
import os

import numpy as np
import pytest
from PIL import Image

from striate.errors import DataError
from striate.loader.decode import decode_file


def saved(tmp_path, image, name="a.png", **how):
    image.save(tmp_path / name, **how)
    return tmp_path / name


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "LA"])
def test_every_mode_is_decoded(tmp_path, mode):
    name = "a.jpg" if mode == "CMYK" else "a.png"
    image = decode_file(saved(tmp_path, Image.new(mode, (5, 4)), name))
    assert image.dtype == np.uint8
    assert image.shape[:2] == (4, 5)
    assert image.shape[2] in (1, 3)


def test_sixteen_bits_are_scaled_and_not_cut_off(tmp_path):
    values = np.array([[0, 32768, 65535]], np.uint16)
    assert decode_file(saved(tmp_path, Image.fromarray(values)))[..., 0].tolist() == [[0, 128, 255]]


def test_the_first_frame_of_an_animation_is_taken(tmp_path):
    frames = [Image.new("L", (4, 4), shade) for shade in (10, 200)]
    path = saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:])
    assert decode_file(path).max() < 20


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_as_exif_says(tmp_path, orientation):
    upright = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6) * 10)
    undo = [None, 0, 3, 1, 5, 4, 6, 2][orientation - 1]  # Image.Transpose that lays it as the tag tells
    stored = upright if undo is None else upright.transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode_file(saved(tmp_path, stored, "a.png", exif=exif))
    assert image.shape[:2] in ((4, 6), (6, 4))
    if orientation in (1, 2, 3, 4):
        assert np.array_equal(image[..., 0], np.asarray(upright))


@pytest.mark.parametrize(
    "content", [b"", b"x" * 100, b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0"], ids=lambda c: repr(c[:4])
)
def test_what_is_no_image_is_told_in_plain_words(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError):
        decode_file(tmp_path / "a.png")


def test_an_image_of_30000_pixels_a_side_is_refused_from_its_header(tmp_path):
    path = saved(tmp_path, Image.new("1", (30_000, 30_000)))
    with pytest.raises(DataError):
        decode_file(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(DataError):
        decode_file(tmp_path / "a.png")


def test_damaged_files_give_an_image_or_a_reason(tmp_path):
    draw = np.random.default_rng(0)
    pixels = Image.fromarray(draw.integers(0, 256, (16, 16, 3), np.uint8))
    for suffix in ("png", "jpg", "gif", "bmp", "webp", "tiff"):
        whole = saved(tmp_path, pixels, f"a.{suffix}").read_bytes()
        for _ in range(150):
            changed = bytearray(whole)
            for _ in range(draw.integers(1, 8)):
                changed[draw.integers(len(changed))] = draw.integers(256)
            if draw.random() < 0.3:
                del changed[draw.integers(len(changed)) :]
            (tmp_path / f"m.{suffix}").write_bytes(changed)
            with contextlib.suppress(DataError):
                assert decode_file(tmp_path / f"m.{suffix}").dtype == np.uint8
