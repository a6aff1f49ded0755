import os

import numpy as np
import pytest
from PIL import Image

from striate.errors import DataError
from striate.loader import load_folder


@pytest.fixture
def root(tmp_path):
    """Two classes of ten small colour images."""
    folder = tmp_path / "images"
    draw = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (folder / label).mkdir(parents=True)
        for number in range(10):
            pixels = draw.integers(0, 256, (20, 24, 3), np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder


def test_classes_are_sub_folders_and_images_have_one_size(root):
    data = load_folder(root, progress=False)
    assert data.classes == ("cat", "dog")
    assert data.train.x.shape == (20, 16, 24, 3), "20 is as near to 16 as to 24; halves go to the even multiple of 8"
    assert data.train.y.tolist() == [0] * 10 + [1] * 10
    assert data.train.x.dtype == np.uint8


def test_classes_are_counted_as_people_do(tmp_path):
    for label in ("10", "9", "2"):
        (tmp_path / label).mkdir()
        Image.new("L", (8, 8), int(label)).save(tmp_path / label / "a.png")
    assert load_folder(tmp_path, progress=False).classes == ("2", "9", "10")


def test_grey_images_have_one_channel(tmp_path):
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        Image.new("L", (16, 16), 77).save(tmp_path / label / "a.png")
    data = load_folder(tmp_path, progress=False)
    assert data.train.x.shape == (2, 16, 16, 1)
    assert (data.train.x == 77).all()


def test_a_second_load_decodes_nothing(root, monkeypatch):
    first = load_folder(root, progress=False)
    monkeypatch.setattr("striate.loader.cache.decode", lambda content: pytest.fail("decoded again"))
    again = load_folder(root, progress=False)
    assert np.array_equal(first.train.x, again.train.x)


def test_a_changed_image_is_decoded_anew(root):
    before = load_folder(root, progress=False).train.x[0].copy()
    Image.new("RGB", (24, 20), "red").save(root / "cat" / "0.png")
    after = load_folder(root, progress=False).train.x[0]
    assert not np.array_equal(before, after)


def test_bad_files_are_set_aside_with_their_reason(root):
    (root / "cat" / "empty.png").write_bytes(b"")
    (root / "dog" / "text.jpg").write_text("not an image")
    data = load_folder(root, progress=False)
    assert len(data.train) == 20
    assert sorted(bad.path.rsplit("/", 1)[1] for bad in data.bad) == ["empty.png", "text.jpg"]
    assert all(bad.reason for bad in data.bad)


def test_too_many_bad_files_stop_the_run(root):
    for number in range(10):
        (root / "cat" / f"bad{number}.png").write_bytes(b"x")
    with pytest.raises(DataError, match="10 of 30 files") as caught:
        load_folder(root, progress=False)
    assert "10/30 = 33.3%, at most 10%" in caught.value.sum


def test_hidden_folders_are_no_classes_and_empty_ones_are_named(root):
    (root / ".ipynb_checkpoints").mkdir()
    Image.new("L", (8, 8)).save(root / ".ipynb_checkpoints" / "a.png")
    (root / "bird").mkdir()
    data = load_folder(root, progress=False)
    assert data.classes == ("cat", "dog")
    assert [finding.fault for finding in data.findings] == ["empty-class"]


def test_train_and_test_folders_are_taken_as_they_are(root, tmp_path):
    split = tmp_path / "split"
    (split / "test").mkdir(parents=True)
    root.rename(split / "train")
    for label in ("cat", "dog"):
        (split / "test" / label).mkdir()
        Image.new("RGB", (24, 20)).save(split / "test" / label / "a.png")
    data = load_folder(split, progress=False)
    assert (len(data.train), len(data.test)) == (20, 2)


def test_a_link_that_leads_back_is_not_followed_for_ever(root):
    os.symlink(root, root / "cat" / "loop")
    assert len(load_folder(root, progress=False).train) == 20


def test_names_that_are_no_text_are_shown_escaped(root):
    path = os.fsencode(root / "cat") + b"/\xff.png"
    with open(path, "wb") as file:
        file.write(b"x")
    data = load_folder(root, progress=False)
    assert len(data.bad) == 1
    data.bad[0].path.encode()


@pytest.mark.parametrize("kind", ["nothing", "empty", "text", "one class"])
def test_what_is_no_set_of_classes_is_told(tmp_path, kind):
    folder = tmp_path / "data"
    if kind != "nothing":
        folder.mkdir()
    if kind == "text":
        (folder / "a").mkdir()
        (folder / "a" / "notes.txt").write_text("hello")
    if kind == "one class":
        (folder / "a").mkdir()
        Image.new("L", (8, 8)).save(folder / "a" / "a.png")
    with pytest.raises(DataError) as caught:
        load_folder(folder, progress=False)
    assert caught.value.fix


def test_a_models_classes_keep_their_order_and_unknown_ones_are_refused(root):
    assert load_folder(root, progress=False, classes=("dog", "cat")).train.y.tolist() == [1] * 10 + [0] * 10
    with pytest.raises(DataError, match="does not know"):
        load_folder(root, progress=False, classes=("cat", "fish"))
