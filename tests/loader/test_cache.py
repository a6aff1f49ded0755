"""The cache of decoded images: what it holds is whole and right, or is made anew; what it cannot hold is told."""

import errno
import os
import random
import resource
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from striate.errors import StorageError
from striate.loader import cache
from striate.loader.cache import decoded, picked
from striate.loader.decode import decode_file


@pytest.fixture
def files(tmp_path):
    """Four images of 20x24 pixels, and one file that is none."""
    draw = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    paths = [tmp_path / "images" / f"{number}.png" for number in range(5)]
    for path in paths[:4]:
        Image.fromarray(draw.integers(0, 256, (20, 24, 3), np.uint8)).save(path)
    paths[4].write_bytes(b"no image")
    return paths


@pytest.fixture
def counted(monkeypatch):
    """The number of images decoded, and of files read, since it was last cleared."""
    count = {"decoded": 0, "read": 0}

    def counting(what, function):
        def call(*given):
            count[what] += 1
            return function(*given)

        return call

    monkeypatch.setattr(cache, "decode", counting("decoded", cache.decode))
    monkeypatch.setattr(cache, "read_file", counting("read", cache.read_file))
    return count


def one(home, pattern):
    (path,) = (home / "folders").glob(pattern)
    return path


def test_pixels_are_in_the_order_of_the_files_and_bad_ones_are_named(files):
    found = decoded(files, (20, 24), progress=False)
    assert found.good == [0, 1, 2, 3]
    assert list(found.bad) == [4]
    assert "no image of a kind that is read" in found.bad[4]
    for row, file in enumerate(files[:4]):
        assert np.array_equal(found.x[row], np.asarray(Image.open(file)))
    backwards = decoded(files[::-1], (20, 24), progress=False)
    assert np.array_equal(backwards.x, found.x[::-1])
    assert backwards.good == [1, 2, 3, 4]


def test_a_second_run_decodes_nothing(files, counted):
    first = decoded(files, progress=False)
    assert counted["decoded"] == 5
    again = decoded(files, progress=False)
    assert counted["decoded"] == 5
    assert np.array_equal(first.x, again.x)
    assert (first.good, first.bad) == (again.good, again.bad)


def test_a_later_run_does_not_even_read_files_that_nobody_touched(files, counted, monkeypatch):
    monkeypatch.setattr(cache, "_SETTLED", 0)
    decoded(files, progress=False)
    counted.clear()
    decoded(files, progress=False)
    assert counted == {}


def test_what_another_version_saw_in_the_files_is_not_taken(files, monkeypatch):
    monkeypatch.setattr(cache, "_SETTLED", 0)
    with monkeypatch.context() as before:
        before.setattr(cache, "_VERSION", cache._VERSION - 1)
        before.setattr(cache, "image_size", lambda content: (64, 64))
        assert decoded(files, progress=False).x.shape == (4, 64, 64, 3)
    assert decoded(files, progress=False).x.shape == (4, 16, 24, 3)


def test_files_changed_just_now_are_read_again_since_their_times_may_not_tell(files, counted):
    decoded(files, progress=False)
    counted["read"] = 0
    decoded(files, progress=False)
    assert counted["read"] == 5


def test_a_changed_file_is_read_anew_and_its_old_pixels_are_not_lost(files, counted, monkeypatch):
    monkeypatch.setattr(cache, "_SETTLED", 0)
    before = decoded(files, (20, 24), progress=False).x.copy()
    original = files[1].read_bytes()
    stamp = files[1].stat()
    Image.new("RGB", (24, 20), "red").save(files[1])
    os.utime(files[1], ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # a copy that keeps times tells nothing by them
    changed = decoded(files, (20, 24), progress=False).x
    assert (changed[1] == [255, 0, 0]).all()
    assert np.array_equal(changed[[0, 2, 3]], before[[0, 2, 3]])
    files[1].write_bytes(original)
    counted["decoded"] = 0
    assert np.array_equal(decoded(files, (20, 24), progress=False).x, before)
    assert counted["decoded"] == 0


def test_a_moved_folder_finds_its_pixels(files, counted, tmp_path):
    before = decoded(files, progress=False, title="here").x
    (tmp_path / "images").rename(tmp_path / "elsewhere")
    counted["decoded"] = 0
    moved = [tmp_path / "elsewhere" / file.name for file in files]
    assert np.array_equal(decoded(moved, progress=False, title="there").x, before)
    assert counted["decoded"] == 0


def test_another_size_or_number_of_channels_is_another_entry(files):
    assert decoded(files, (16, 8), progress=False).x.shape == (4, 16, 8, 3)
    assert decoded(files, (8, 16), progress=False).x.shape == (4, 8, 16, 3)
    assert decoded(files, (8, 16), 1, progress=False).x.shape == (4, 8, 16, 1)


def test_the_common_size_is_the_median_to_multiples_of_eight(tmp_path):
    paths = []
    for number, (height, width) in enumerate([(30, 500), (33, 400), (90, 3)]):
        paths.append(tmp_path / f"{number}.png")
        Image.new("L", (width, height)).save(paths[-1])
    assert decoded(paths, progress=False).x.shape == (3, 32, 64, 1), "33 -> 32; 400 -> at most 64"
    assert decoded(paths[2:], progress=False).x.shape == (1, 64, 16, 1), "90 -> 64; 3 -> at least 16"


def test_grey_images_before_a_colour_one_become_colour(tmp_path):
    shades = [Image.new("L", (4, 4), 10), Image.new("L", (4, 4), 20), Image.new("RGB", (4, 4), (1, 2, 3))]
    shades.append(Image.new("L", (4, 4), 30))
    paths = [tmp_path / f"{number}.png" for number in range(4)]
    for shade, path in zip(shades, paths, strict=True):
        shade.save(path)
    x = decoded(paths, (4, 4), progress=False).x
    assert x[:, 0, 0].tolist() == [[10, 10, 10], [20, 20, 20], [1, 2, 3], [30, 30, 30]]
    assert all((image == image[0, 0]).all() for image in x)


def test_writing_into_the_images_does_not_change_the_cache(files):
    decoded(files, progress=False).x[:] = 0
    assert decoded(files, progress=False).x.any()


DAMAGE = {
    "gone": lambda content: None,
    "empty": lambda content: b"",
    "cut short": lambda content: content[:-1],
    "too long": lambda content: content + b"\0",
}


@pytest.mark.parametrize("pattern", ["*.u8", "*.index", "*.seen"])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_damaged_is_made_anew(files, home, monkeypatch, pattern, damage):
    monkeypatch.setattr(cache, "_SETTLED", 0)
    before = decoded(files, progress=False)
    path = one(home, pattern)
    content = damage(path.read_bytes())
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    for _ in range(2):
        after = decoded(files, progress=False)
        assert np.array_equal(after.x, before.x)
        assert (after.good, after.bad) == (before.good, before.bad)


@pytest.mark.parametrize("pattern", ["*.index", "*.seen"])
def test_chance_damage_of_what_describes_the_pixels_changes_nothing(files, home, monkeypatch, pattern):
    monkeypatch.setattr(cache, "_SETTLED", 0)
    before = decoded(files, progress=False)
    path, chance = one(home, pattern), random.Random(0)
    for _ in range(100):
        changed = bytearray(path.read_bytes())
        changed[chance.randrange(len(changed))] = chance.choice(b'0123456789abcdef"[]{},- ')
        path.write_bytes(changed)
        after = decoded(files, progress=False)
        assert np.array_equal(after.x, before.x)
        assert (after.good, after.bad) == (before.good, before.bad)


def test_a_run_that_is_stopped_while_it_decodes_leaves_nothing_that_is_taken_for_whole(files, home, monkeypatch):
    def stopped(content, room):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cache, "decode", stopped)
        with pytest.raises(KeyboardInterrupt):
            decoded(files, progress=False)
    assert list((home / "folders").glob("*.u8")) == []
    assert len(decoded(files, progress=False).x) == 4


@pytest.mark.parametrize("room", [0, 1_000, 5_000])
def test_a_disk_that_gets_full_is_told_with_what_is_needed(files, home, room):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(StorageError, match="File too large") as caught:
            decoded(files, (20, 24), progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "STRIATE_DATA=FOLDER" in caught.value.fix
    assert "bytes are needed" in caught.value.sum
    assert list((home / "folders").glob("*.u8")) == []
    assert len(decoded(files, (20, 24), progress=False).x) == 4


def test_a_full_disk_is_told_and_nothing_half_stays(files, home, mounted):
    home.mkdir()
    mounted(home, "size=64k")
    with pytest.raises(StorageError, match="No space left on device") as caught:
        decoded(files, (200, 200), progress=False)
    assert "up to 600,000 bytes are needed (600 kB)" in caught.value.sum
    assert list((home / "folders").glob("*.u8")) == []
    assert len(decoded(files, (20, 24), progress=False).x) == 4, "what fits is kept there"


def test_a_cache_that_cannot_be_written_is_told(files, home, mounted):
    home.mkdir()
    mounted(home, "ro")
    with pytest.raises(StorageError, match="Read-only file system") as caught:
        decoded(files, progress=False)
    assert "a folder you may write to" in caught.value.fix


@pytest.mark.parametrize("name", ["home", "folders"])
def test_a_file_where_the_cache_should_be_is_told(files, home, name):
    if name == "folders":
        home.mkdir()
    (home if name == "home" else home / "folders").write_text("")
    with pytest.raises(StorageError, match="cannot"):
        decoded(files, progress=False)


def test_old_pixels_that_may_not_be_removed_are_told(files, home, monkeypatch):
    decoded(files, progress=False)
    data = one(home, "*.u8")
    data.write_bytes(b"")
    remove = os.unlink

    def refused(path, *given, **named):
        if os.fspath(path) == str(data):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        remove(path, *given, **named)

    monkeypatch.setattr(os, "unlink", refused)
    with pytest.raises(StorageError, match="Permission denied"):
        decoded(files, progress=False)


DECODE = """
import sys, time
from pathlib import Path
from striate.loader import cache
decode, count = cache.decode, []
def counting(content, room):
    count.append(1)
    time.sleep(0.1)
    return decode(content, room)
cache.decode = counting
print("ready", flush=True)
sys.stdin.readline()
print(cache.decoded([Path(name) for name in sys.argv[1:]], progress=False).x.sum(), len(count))
"""


def test_two_processes_decode_once_between_them(files):
    command = [sys.executable, "-c", DECODE, *map(str, files)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    both = [subprocess.Popen(command, env=env, stdin=-1, stdout=-1, text=True) for _ in range(2)]
    assert [each.stdout.readline() for each in both] == ["ready\n"] * 2
    for each in both:
        each.stdin.write("\n")
        each.stdin.flush()
    found = [each.communicate(timeout=120)[0].split() for each in both]
    total = str(decoded(files, progress=False).x.sum())
    assert sorted(found) == [[total, "0"], [total, "5"]]


def test_picked_rows_are_a_copy_in_memory_or_on_the_disk(files):
    x = decoded(files, progress=False).x
    rows = np.array([2, 0, 2])
    for in_memory in (10**9, 0):
        taken = picked(x, rows, in_memory)
        assert np.array_equal(taken, np.asarray(x)[rows])
        assert isinstance(taken, np.memmap) == (in_memory == 0)
        taken[:] = 0
        assert x.any()


def test_picked_rows_without_room_are_told(files):
    x = decoded(files, progress=False).x
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(StorageError, match="File too large") as caught:
            picked(x, np.array([0, 1]), 0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert f"{2 * x[:1].nbytes:,} bytes are needed" in caught.value.sum


def test_the_cache_may_be_thrown_away_at_any_time(files, home):
    before = decoded(files, progress=False).x
    shutil.rmtree(home)
    assert np.array_equal(before, decoded(files, progress=False).x), "what is mapped lives on"


LARGER_THAN_MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
import striate as keras
from striate.loader import audit, cache, load_folder, split
cache._in_memory = lambda: 1 << 22  # as on a machine that the images do not fit in
cache._TOGETHER = 1 << 20

def use(data):
    data = split(data)
    audit(data)
    x = data.train.x
    model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.AveragePooling2D(64),
                              keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, data.train.y, 4, 1, verbose=0, preprocess="standardise", plan="exact",
              validation_split=0.2, validation_freq=2)
    model.evaluate(data.test.x, data.test.y, 4, verbose=0)
    model.predict(data.test.x, 4, verbose=0)

def data_bytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmData"))

if sys.argv[2] == "decode":  # in a process of its own, as the system's memory for it is not all given back
    load_folder(sys.argv[1], (1024, 1024), progress=False)
    sys.exit()
use(load_folder(sys.argv[1], (64, 64), progress=False))  # what threads and code need is there from now on
data = load_folder(sys.argv[1], (1024, 1024), progress=False)
limit = data_bytes() + 180 * (1 << 20)  # room for batches and what the system takes ahead, and for no copy
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
use(data)
print("images:", data.train.x.nbytes)
try:
    np.array(data.train.x)
except MemoryError:
    print("a copy is noticed")
"""


def test_images_larger_than_memory_are_split_looked_at_and_trained_on_without_a_copy_of_them(tmp_path):
    draw = np.random.default_rng(0)
    for number in range(256):
        (tmp_path / "images" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(draw.integers(0, 256, (8, 8), np.uint8))
        image.save(tmp_path / "images" / "ab"[number % 2] / f"{number}.png")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", LARGER_THAN_MEMORY, str(tmp_path / "images")]
    subprocess.run([*command, "decode"], env=env, check=True, timeout=300)
    done = subprocess.run([*command, "use"], env=env, capture_output=True, text=True, timeout=300)
    assert done.stdout == f"images: {256 << 20}\na copy is noticed\n", done.stderr


def test_a_file_larger_than_memory_can_be_mapped(tmp_path):
    size = 2 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with (tmp_path / "holes").open("wb") as file:
        file.truncate(size)
    assert cache._mapped(tmp_path / "holes", np.uint8, (2, size // 2)).shape == (2, size // 2)


def test_files_that_do_not_fit_in_memory_until_they_are_decoded_are_read_again(files, counted, monkeypatch):
    before = decoded(files, (20, 24), progress=False).x
    assert counted["read"] == 5, "each once"
    counted["read"] = 0
    monkeypatch.setattr(cache, "_HELD", sum(file.stat().st_size for file in files[:2]))
    after = decoded(files, (20, 24), 3, progress=False).x
    assert counted["read"] >= 5 + 2, "what there was no room for, a second time"
    assert np.array_equal(before, after)


def test_a_file_that_changes_before_it_is_read_again_is_set_aside(files, monkeypatch):
    monkeypatch.setattr(cache, "_HELD", 0)
    look = cache._look

    def then_changed(*given):
        seen = look(*given)
        Image.new("RGB", (24, 20), "red").save(files[1])
        return seen

    monkeypatch.setattr(cache, "_look", then_changed)
    found = decoded(files, progress=False)
    assert found.good == [0, 2, 3]
    assert found.bad[1] == "it changed while it was read"


@pytest.mark.parametrize("worth", [0, 1000], ids=["by all threads", "by this one"])
def test_results_come_in_order_however_many_there_are(worth, monkeypatch):
    monkeypatch.setattr(cache, "_WORTH", worth)
    with ThreadPoolExecutor(2) as pool:
        for count in (0, 1, 16, 17, 1000):
            assert list(cache._side_by_side(pool, lambda place: place**2, count)) == [n**2 for n in range(count)]


@pytest.mark.parametrize(("seconds", "others"), [(0, False), (0.002, True)])
def test_other_threads_help_where_a_file_takes_its_time(seconds, others, monkeypatch):
    monkeypatch.setattr(cache, "_WORTH", 0.001)

    def work(place):
        time.sleep(seconds)
        return threading.get_ident()

    with ThreadPoolExecutor(2) as pool:
        found = list(cache._side_by_side(pool, work, 64))
    assert set(found[:16]) == {threading.get_ident()}
    assert (set(found) != {threading.get_ident()}) == others


def test_jpeg_files_of_the_size_that_is_wanted_keep_their_own_pixels(tmp_path):
    draw = np.random.default_rng(0)
    for number in range(40):
        image = Image.fromarray(draw.integers(0, 256, (24, 20, 3), np.uint8))
        image.save(tmp_path / f"{number}.jpg", quality=90)
    files = [tmp_path / f"{number}.jpg" for number in range(40)]
    assert np.array_equal(decoded(files, (24, 20), progress=False).x, [decode_file(file) for file in files])
