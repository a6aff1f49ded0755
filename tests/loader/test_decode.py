import contextlib
import io
import os
import random
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from striate.errors import DataError
from striate.loader.decode import decode, decode_file, image_size, to_channels

decode_module = sys.modules["striate.loader.decode"]


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


UPRIGHT = np.array([[10, 20, 30], [40, 50, 60]], np.uint8)
STORED = {
    1: [[10, 20, 30], [40, 50, 60]],
    2: [[30, 20, 10], [60, 50, 40]],  # mirrored
    3: [[60, 50, 40], [30, 20, 10]],  # upside down
    4: [[40, 50, 60], [10, 20, 30]],  # mirrored and upside down
    5: [[10, 40], [20, 50], [30, 60]],  # its first row is the left column
    6: [[30, 60], [20, 50], [10, 40]],  # its first row is the right column, from the top
    7: [[60, 30], [50, 20], [40, 10]],  # its first row is the right column, from the bottom
    8: [[40, 10], [50, 20], [60, 30]],  # its first row is the left column, from the bottom
}
"""How EXIF 2.3 lays the upright image for each value of its tag Orientation (section 4.6.4)."""


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", ["png", "tiff", "webp"])
def test_images_are_turned_as_exif_says(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"lossless": True} if suffix == "webp" else {}
    path = saved(
        tmp_path, Image.fromarray(np.array(STORED[orientation], np.uint8)), f"a.{suffix}", exif=exif, **lossless
    )
    assert decode_file(path)[..., 0].tolist() == UPRIGHT.tolist()
    assert image_size(path.read_bytes()) == UPRIGHT.shape


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_exif_does_not_know_turns_nothing(tmp_path, value):
    exif = Image.Exif()
    exif[0x0112] = value
    assert decode_file(saved(tmp_path, Image.fromarray(UPRIGHT), exif=exif))[..., 0].tolist() == UPRIGHT.tolist()


def test_cmyk_becomes_the_colours_it_means(tmp_path):
    inks = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # magenta and yellow make red
    pixel = decode_file(saved(tmp_path, inks, "a.jpg", quality=100))[8, 8].astype(int)
    assert np.abs(pixel - [255, 0, 0]).max() <= 2


def test_a_palette_with_transparency_lies_on_white(tmp_path):
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 0, 255, 9, 9, 9])
    for column in range(3):
        image.putpixel((column, 0), column)
    path = saved(tmp_path, image, transparency=bytes([255, 0, 128]))
    assert decode_file(path).tolist() == [[[255, 0, 0], [255, 255, 255], [132, 132, 132]]], "9*128/255 + 255*127/255"


def test_what_is_half_transparent_is_mixed_with_white(tmp_path):
    path = saved(tmp_path, Image.new("LA", (1, 1), (0, 51)))
    assert decode_file(path).tolist() == [[[204]]], "0*51/255 + 255*204/255"


def test_grey_in_three_channels_is_one(tmp_path):
    assert decode_file(saved(tmp_path, Image.new("RGB", (4, 3), (7, 7, 7)))).shape == (3, 4, 1)
    almost = Image.new("RGB", (4, 3), (7, 7, 7))
    almost.putpixel((3, 2), (7, 7, 8))
    assert decode_file(saved(tmp_path, almost)).shape == (3, 4, 3)


def test_sixteen_bits_of_colour_lose_their_lower_half():
    pixel = struct.pack(">3H", 0xFF00, 0x8000, 0x0100)
    assert decode(b"P6 1 1 65535 " + pixel).tolist() == [[[254, 128, 1]]]


@pytest.mark.parametrize("kind", ["png", "gif", "webp", "tiff"])
def test_the_first_frame_is_taken_whatever_follows(tmp_path, kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    how = {"lossless": True} if kind == "webp" else {}
    path = saved(tmp_path, frames[0], f"a.{kind}", save_all=True, append_images=frames[1:], **how)
    assert (decode_file(path) == [255, 0, 0]).all()


@pytest.mark.parametrize("name", ["a.jpg", "a.txt", "a", "a.png.exe"])
def test_what_is_inside_decides_and_not_the_name(tmp_path, name):
    Image.fromarray(UPRIGHT).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / name)
    assert decode_file(tmp_path / name)[..., 0].tolist() == UPRIGHT.tolist()


@pytest.mark.parametrize("mode", ["F", "I"])
def test_numbers_that_do_not_say_what_is_white_are_refused(tmp_path, mode):
    with pytest.raises(DataError, match="which number is white"):
        decode_file(saved(tmp_path, Image.new(mode, (2, 2), 70_000), "a.tiff"))


@pytest.mark.parametrize(
    "content", [b"", b"x" * 100, b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0"], ids=lambda c: repr(c[:4])
)
def test_what_is_no_image_is_told_in_plain_words(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError):
        decode_file(tmp_path / "a.png")


def claiming(kind, width, height):
    """A small image whose header claims another size."""
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, kind)
    content = bytearray(file.getvalue())
    if kind == "PNG":
        content[16:24] = struct.pack(">2I", width, height)
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    elif kind == "GIF":
        content[6:10] = struct.pack("<2H", width, height)
    elif kind == "BMP":
        content[18:26] = struct.pack("<2i", width, height)
    elif kind == "JPEG":
        place = content.index(b"\xff\xc0") + 5
        content[place : place + 4] = struct.pack(">2H", height, width)
    else:
        content = content.replace(b"8 8\n", f"{width} {height}\n".encode())
    return bytes(content)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "JPEG", "PPM"])
def test_an_image_of_30000_pixels_a_side_is_refused_from_its_header(kind):
    for read in (decode, image_size):
        with pytest.raises(DataError, match="900,000,000 pixels, at most 25,000,000 are decoded"):
            read(claiming(kind, 30_000, 30_000))
        with pytest.raises(DataError, match=r"5,001x5,000 = 25,005,000 pixels"):
            read(claiming(kind, 5_001, 5_000))


def test_a_file_too_large_to_be_read_is_refused_from_its_length(tmp_path):
    with (tmp_path / "a.png").open("wb") as file:
        os.truncate(file.fileno(), 200_000_001)
    with pytest.raises(DataError, match=r"it holds 200\.0 MB|it holds 200 MB"):
        decode_file(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty (0 bytes)"),
        (b"text that is no image", "no image of a kind that is read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no image of a kind that is read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image of a kind that is read"),
        (b"P5 4 4 255 \0\0", "it is cut short"),
    ],
)
def test_why_it_cannot_be_decoded_is_said_with_the_name(tmp_path, content, said):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError) as caught:
        decode_file(tmp_path / "a.png")
    assert caught.value.what.startswith(f"{tmp_path / 'a.png'}: ")
    assert said in caught.value.what


def test_files_that_cannot_be_opened_are_told(tmp_path, monkeypatch):
    def refused(*given):
        raise PermissionError(13, "Permission denied")

    with pytest.raises(DataError, match="there is no such file"):
        decode_file(tmp_path / "none.png")
    with pytest.raises(DataError, match="it is not a plain file"):
        decode_file(tmp_path)
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match="it is a link that leads nowhere"):
        decode_file(tmp_path / "link.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    with pytest.raises(DataError, match="cannot read"):
        decode_file(tmp_path / "loop.png")
    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(DataError, match="you may not read it"):
        decode_file(tmp_path / "any.png")


def test_odd_files_warn_nobody_and_other_warnings_are_still_heard(tmp_path):
    one, two = (struct.pack("<2HI", 284, 3, count) for count in (1, 2))  # values of the tag PlanarConfiguration
    odd = saved(tmp_path, Image.new("L", (8, 8)), "a.tiff").read_bytes().replace(one, two)
    with pytest.warns(UserWarning, match="tag 284 had too many entries"):
        Image.open(io.BytesIO(odd))
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        assert {image.shape for image in pool.map(decode, [odd] * 400)} == {(8, 8, 1)}
    assert warnings.filters == before


def test_channels_are_adapted_by_brightness():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    grey = to_channels(colours, 1)
    assert grey.ravel().tolist() == [76, 150, 29, 255], "0.299, 0.587 and 0.114 of 255"
    assert to_channels(grey, 3)[0].tolist() == [[76] * 3, [150] * 3, [29] * 3, [255] * 3]
    assert to_channels(colours, 3) is colours


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


def jpegs():
    """JPEG files of all kinds: colours, sampling, progressive, with restarts, turned, with inks."""
    draw = np.random.default_rng(0)
    for number in range(48):
        shape = (*draw.integers(1, 9, 2), 3)
        size = tuple(int(side) for side in draw.integers(1, 70, 2))
        image = Image.fromarray(draw.integers(0, 256, shape, np.uint8)).resize(size, Image.Resampling.BICUBIC)
        how = {"quality": int(draw.integers(5, 100)), "progressive": number % 2 == 1, "optimize": number % 3 == 0}
        if number % 5 == 4:
            image = image.convert("L")
        elif number % 7 == 6:
            image = image.convert("CMYK")
        else:
            how["subsampling"] = number % 3
        if number % 4 == 1:
            exif = Image.Exif()
            exif[0x0112] = number % 9
            how["exif"] = exif
        if number % 3 == 1:
            how["restart_marker_blocks"] = 2
        file = io.BytesIO()
        image.save(file, "JPEG", **how)
        yield file.getvalue()


def damaged(content, chance):
    """The bytes of a file, a few of them changed, lost, added or cut off."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        place = chance.randrange(max(len(changed) if chance.random() < 0.5 else min(len(changed), 200), 1))
        what = chance.randrange(5)
        if what == 0:
            changed[place : place + 1] = chance.randbytes(1)
        elif what == 1:
            del changed[place : place + chance.choice((1, 2, 9))]
        elif what == 2:
            changed[place:place] = chance.randbytes(chance.choice((1, 2, 9)))
        elif what == 3:
            del changed[place + 2 :]
        else:
            changed += chance.randbytes(5)
    return bytes(changed)


def told(content):
    """Pixels, or the reason why there are none."""
    try:
        return decode(content).tolist()
    except DataError as error:
        return error.what


@pytest.fixture
def by_pillow(monkeypatch):
    """What Pillow alone makes of a file."""

    def asked(content):
        with monkeypatch.context() as patch:
            patch.setattr(decode_module, "_agree", lambda: False)
            return told(content), image_size(content) if isinstance(told(content), list) else None

    return asked


def test_simplejpeg_gives_the_pixels_that_pillow_gives(by_pillow, monkeypatch):
    simplejpeg = pytest.importorskip("simplejpeg")
    count = []

    def counting(*given, decode=simplejpeg.decode_jpeg, **named):
        count.append(1)
        return decode(*given, **named)

    assert decode_module._agree()
    monkeypatch.setattr(simplejpeg, "decode_jpeg", counting)
    for content in jpegs():
        assert (told(content), image_size(content)) == by_pillow(content)
    assert len(count) > 24, "most went that way"


def test_damaged_jpeg_files_are_shown_or_refused_as_by_pillow(by_pillow):
    pytest.importorskip("simplejpeg")
    chance = random.Random(0)
    contents = list(jpegs())
    for _ in range(400):
        content = damaged(chance.choice(contents), chance)
        assert told(content) == by_pillow(content)[0]


def test_another_libjpeg_in_simplejpeg_is_not_used(monkeypatch):
    simplejpeg = pytest.importorskip("simplejpeg")
    exact = simplejpeg.decode_jpeg

    def hurried(content, colours, fastdct, fastupsample):
        return exact(content, colours, fastdct, fastupsample=True)

    monkeypatch.setattr(simplejpeg, "decode_jpeg", hurried)
    assert not decode_module._agree.__wrapped__()


def test_jpeg_files_are_decoded_without_simplejpeg_too(monkeypatch):
    monkeypatch.setattr(decode_module, "simplejpeg", None)
    assert not decode_module._agree.__wrapped__()
