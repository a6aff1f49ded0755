import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.errors import DataError
from striate.loader import is_image_folder, load_folder
from striate.loader.decode import read_file


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


def picture(path, shade=7):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (16, 16), shade).save(path, "png")


@pytest.fixture
def pair(tmp_path):
    """The least that can be told apart: two classes of one image each."""
    picture(tmp_path / "set" / "a" / "1.png", 10)
    picture(tmp_path / "set" / "b" / "1.png", 20)
    return tmp_path / "set"


@pytest.fixture
def locked_folder(monkeypatch):
    """locked_folder(path): what the system says of a folder that may not be opened, also to root, who may open any."""

    def lock(locked):
        opened, listed = os.scandir, os.listdir

        def instead(real):
            def call(path="."):
                if os.fspath(path) == os.fspath(locked):
                    raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
                return real(path)

            return call

        monkeypatch.setattr(os, "scandir", instead(opened))
        monkeypatch.setattr(os, "listdir", instead(listed))

    return lock


def test_two_images_are_a_set(pair):
    data = load_folder(pair, progress=False)
    assert (data.classes, data.train.y.tolist()) == (("a", "b"), [0, 1])
    assert (data.validation, data.test) == (None, None)
    assert data.train.x[:, 0, 0, 0].tolist() == [10, 20]
    assert data.train.files == [str(pair / "a" / "1.png"), str(pair / "b" / "1.png")]


def test_classes_whose_names_look_the_same_are_named(pair):
    names = ["caf\u00e9", "cafe\u0301", "Caf\u00e9"]  # one letter, a letter and an accent, upper case
    for number, name in enumerate(names):
        picture(pair / name / "1.png", number)
    data = load_folder(pair, progress=False)
    assert set(data.classes) == {"a", "b", *names}
    (finding,) = [each for each in data.findings if each.fault == "twin-classes"]
    for name in names:
        assert ascii(name) in finding.evidence


def test_a_file_that_may_not_be_read_is_set_aside(pair, monkeypatch):
    picture(pair / "a" / "2.png")
    real = os.open

    def refused(path, *given, **named):
        if os.fspath(path) == str(pair / "a" / "1.png"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *given, **named)

    monkeypatch.setattr(os, "open", refused)
    data = load_folder(pair, max_bad=0.5, progress=False)
    assert [(bad.path, bad.reason) for bad in data.bad] == [(str(pair / "a" / "1.png"), "you may not read it")]


def test_a_file_that_may_be_read_again_is_an_image_again(pair, home, monkeypatch):
    picture(pair / "a" / "2.png")
    with monkeypatch.context() as patch:
        patch.setattr("striate.loader.cache.read_file", refuse_to_read(pair / "a" / "1.png"))
        assert len(load_folder(pair, max_bad=0.5, progress=False).bad) == 1
    assert load_folder(pair, progress=False).bad == []


def refuse_to_read(file):
    def read(path):
        if Path(path) == file:
            raise DataError("it cannot be read: Input/output error")
        return read_file(path)

    return read


def test_a_class_that_may_not_be_opened_is_named(pair, locked_folder):
    picture(pair / "c" / "1.png")
    locked_folder(pair / "c")
    data = load_folder(pair, max_bad=0.5, progress=False)
    assert data.classes == ("a", "b")
    assert [(bad.path, bad.reason) for bad in data.bad] == [
        (str(pair / "c"), "the folder cannot be read: Permission denied")
    ]


@pytest.mark.parametrize("which", ["set", "a"])
def test_a_folder_that_may_not_be_opened_is_told(pair, locked_folder, which):
    shutil.rmtree(pair / "b")
    locked_folder(pair if which == "set" else pair / "a")
    with pytest.raises(DataError) as caught:
        load_folder(pair, progress=False)
    assert "Permission denied" in str(caught.value)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "no/such/folder"])
def test_names_that_no_folder_can_have_are_told(name):
    assert not is_image_folder(name)
    with pytest.raises(DataError, match="there is no folder"):
        load_folder(name, progress=False)


def test_a_file_is_no_folder(pair):
    with pytest.raises(DataError, match="is no folder"):
        load_folder(pair / "a" / "1.png", progress=False)


def test_a_run_is_no_folder_of_images(pair):
    assert is_image_folder(pair)
    (pair / "model.json").write_text("{}")
    assert not is_image_folder(pair)


def test_names_that_are_no_text_are_files_and_classes_like_others(pair):
    strange = os.fsdecode(os.fsencode(pair) + b"/\xfe\xff")
    picture(Path(strange, os.fsdecode(b"\x80.png")), 30)
    data = load_folder(pair, progress=False)
    assert data.classes == ("a", "b", "\\udcfe\\udcff")
    assert data.train.y.tolist() == [0, 1, 2]
    assert "\\udc80.png" in data.train.files[2]
    again = load_folder(pair, progress=False, classes=data.classes)
    assert again.train.y.tolist() == [0, 1, 2], "by the names that the model keeps"


def test_links_are_followed_and_those_that_lead_nowhere_are_bad_files(pair, tmp_path):
    picture(tmp_path / "elsewhere" / "deep" / "2.png", 30)
    (pair / "a" / "more").symlink_to(tmp_path / "elsewhere")
    (pair / "a" / "back").symlink_to(pair)
    (pair / "b" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (pair / "b" / "itself.png").symlink_to(pair / "b" / "itself.png")
    (pair / "c").symlink_to(pair / "c")
    data = load_folder(pair, max_bad=0.5, progress=False)
    assert data.train.x[:, 0, 0, 0].tolist() == [10, 30, 20]
    assert [bad.path for bad in data.bad] == [str(pair / "b" / "gone.png"), str(pair / "b" / "itself.png")]
    assert data.bad[0].reason == "it is a link that leads nowhere"


def test_a_pipe_among_the_images_is_not_waited_for(pair):
    os.mkfifo(pair / "a" / "2.png")
    data = load_folder(pair, max_bad=0.5, progress=False)
    assert [bad.reason for bad in data.bad] == ["it is not a plain file"]


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["train", "val", "test"], [1, 1, 1]),
        (["Train", "Valid", "Test"], [1, 1, 1]),
        (["training", "validation", "testing"], [1, 1, 1]),
        (["train", "test"], [1, 0, 1]),
        (["train", "val"], [1, 1, 0]),
        (["train"], [1, 0, 0]),
    ],
    ids=lambda each: "-".join(map(str, each)),
)
def test_folders_named_as_parts_are_parts(tmp_path, names, parts):
    for number, part in enumerate(names):
        for name in ("a", "b"):
            picture(tmp_path / "set" / part / name / "1.png", 10 * number + (name == "b"))
    data = load_folder(tmp_path / "set", progress=False)
    assert data.classes == ("a", "b")
    found = [data.train, data.validation, data.test]
    assert [part is not None for part in found] == [bool(part) for part in parts]
    shades = iter(range(0, 30, 10))
    for part in found:
        if part is not None:
            shade = next(shades)
            assert part.x[:, 0, 0, 0].tolist() == [shade, shade + 1]
            assert part.y.tolist() == [0, 1]


def test_a_class_may_be_called_train_beside_others(tmp_path):
    for name in ("train", "bus"):
        picture(tmp_path / "set" / name / "1.png")
    assert load_folder(tmp_path / "set", progress=False).classes == ("bus", "train")


def test_parts_without_training_images_are_told(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "set" / "train" / name).mkdir(parents=True)
        picture(tmp_path / "set" / "test" / name / "1.png")
    with pytest.raises(DataError, match="has no training images"):
        load_folder(tmp_path / "set", progress=False)


def test_a_class_that_a_part_lacks_is_named(tmp_path):
    for place in ("train/a", "train/b", "test/a"):
        picture(tmp_path / "set" / place / "1.png")
    data = load_folder(tmp_path / "set", progress=False)
    assert data.classes == ("a", "b")
    (tmp_path / "set" / "test" / "b").mkdir()
    (finding,) = load_folder(tmp_path / "set", progress=False).findings
    assert (finding.fault, finding.where) == ("empty-class", "test")


def test_images_beside_the_classes_and_not_in_them_are_told(tmp_path):
    picture(tmp_path / "set" / "1.png")
    with pytest.raises(DataError, match="no images found") as caught:
        load_folder(tmp_path / "set", progress=False)
    assert "1 image lies in" in caught.value.sum


def test_a_folder_one_too_high_is_told_with_the_right_one(pair, tmp_path):
    (tmp_path / "above").mkdir()
    moved = pair.rename(tmp_path / "above" / "set")
    with pytest.raises(DataError, match="single class") as caught:
        load_folder(tmp_path / "above", progress=False)
    assert caught.value.fix == f"name {moved}, if a, b are the classes"


def test_text_files_are_no_loss_and_are_named(pair):
    (pair / "a" / "notes.txt").write_text("hello")
    data = load_folder(pair, max_bad=0, progress=False)
    assert data.bad == []
    (finding,) = data.findings
    assert (finding.fault, finding.evidence) == ("other-files", "1: a/notes.txt")


def test_an_image_of_another_name_is_an_image_all_the_same(pair):
    picture(pair / "a" / "2.txt", 30)
    assert load_folder(pair, progress=False).train.x[:, 0, 0, 0].tolist() == [10, 30, 20]


@pytest.mark.parametrize("name", [".hidden", "__MACOSX"])
def test_what_other_systems_leave_behind_is_not_seen(pair, name):
    picture(pair / name / "1.png")
    picture(pair / "a" / name / "1.png")
    (pair / "a" / ".DS_Store").write_bytes(b"x")
    (pair / "a" / "Thumbs.db").write_bytes(b"x")
    data = load_folder(pair, progress=False)
    assert (data.classes, len(data.train), data.bad, data.findings) == (("a", "b"), 2, [], [])


@pytest.mark.parametrize("share", [0.0, 1 / 3, 0.34])
def test_the_share_of_bad_files_is_what_was_stated(pair, share):
    (pair / "a" / "2.png").write_bytes(b"")
    if share < 1 / 3:
        with pytest.raises(DataError, match="1 of 3 files") as caught:
            load_folder(pair, max_bad=share, progress=False)
        assert "it is empty (0 bytes)" in caught.value.sum
    else:
        assert len(load_folder(pair, max_bad=share, progress=False).bad) == 1
