"""Fetching, from a server on this machine: what comes is right and whole, or nothing of it stays."""

import gzip
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from striate.datasets import Source, fetch
from striate.errors import DataError, StorageError
from tests.datasets.server import archive, packed, serving, sha256

IMAGES, LABELS = bytes(range(256)) * 20, b"labels" * 100
FILES = {"images": IMAGES, "labels": LABELS}
SIZE = len(packed(IMAGES))
SUMS = {name: sha256(content) for name, content in FILES.items()}
MEMBERS = {f"set/{name}": content for name, content in FILES.items()}


def archived(content, *mirrors):
    """A source whose archive has these bytes."""
    return Source("Set", "set", SUMS, mirrors, sha256(content))


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """No proxy stands between."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def server():
    with serving({f"{name}.gz": packed(content) for name, content in FILES.items()}) as each:
        yield each


def left(home):
    """What lies in the cache, but for the lock's empty file."""
    return sorted(path.name for path in home.rglob("*") if path.is_file() and path.name != ".set.lock")


def unpacked(paths):
    return [gzip.decompress(path.read_bytes()) for path in paths]


def test_files_are_fetched_once_and_kept_as_they_are_published(home, server):
    source = Source("Set", "set", SUMS, (server.url("good"),))
    assert unpacked(fetch(source)) == [IMAGES, LABELS]
    assert unpacked(fetch(source)) == [IMAGES, LABELS]
    assert dict(server.asked) == {"/good/images.gz": 1, "/good/labels.gz": 1}
    assert left(home) == ["images.gz", "labels.gz"]


@pytest.mark.parametrize(
    ("mirror", "said"),
    [
        ("changed", "unpack|CRC|checksum|Incorrect length"),
        ("missing", "the server says 404 Not Found"),
        ("short", f"it ended after {SIZE} of {SIZE + 1} bytes"),
        ("long", "cut short|Compressed file ended|before the end-of-stream"),
    ],
)
def test_a_mirror_that_fails_is_told_and_leaves_nothing(home, server, mirror, said):
    with pytest.raises(DataError, match="Set is not on this machine and could not be fetched") as caught:
        fetch(Source("Set", "set", {"images": SUMS["images"]}, (server.url(mirror),)))
    assert re.search(said, caught.value.sum), caught.value.sum
    assert caught.value.sum.startswith(f"{server.url(mirror)}/images.gz: ")
    assert f"put images into {home / 'set'} by hand" in caught.value.fix
    assert left(home) == []


@pytest.mark.parametrize("mirror", ["changed", "missing", "short", "long"])
def test_the_next_mirror_is_tried(home, server, mirror):
    paths = fetch(Source("Set", "set", SUMS, (server.url(mirror), server.url("good"))))
    assert unpacked(paths) == [IMAGES, LABELS]
    assert left(home) == ["images.gz", "labels.gz"]


def test_a_server_that_tells_no_length_is_read_to_its_end(home, server):
    assert unpacked(fetch(Source("Set", "set", SUMS, (server.url("unannounced"),)))) == [IMAGES, LABELS]


def test_a_wrong_checksum_is_shown_beside_the_published_one(home, server):
    with pytest.raises(DataError) as caught:
        fetch(Source("Set", "set", {"images": sha256(b"another")}, (server.url("good"),)))
    said = f"SHA-256 {SUMS['images'][:16]}..., published {sha256(b'another')[:16]}..."
    assert said in caught.value.sum
    assert left(home) == []


def test_nobody_listening_is_told_for_each_mirror(home):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and never listening: a port that refuses
        mirrors = [f"http://127.0.0.1:{closed.getsockname()[1]}/{name}" for name in "ab"]
        with pytest.raises(DataError) as caught:
            fetch(Source("Set", "set", SUMS, tuple(mirrors)))
    assert caught.value.sum == "\n".join(f"{mirror}/images.gz: Connection refused" for mirror in mirrors)


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_what_lies_in_the_cache_is_taken_without_a_network(home, name):
    (home / "set").mkdir()
    (home / "set" / name).write_bytes(b"as it is")
    (path,) = fetch(Source("Set", "set", {"images": SUMS["images"]}, ()))
    assert path == home / "set" / name
    assert not (home / ".set.lock").exists(), "a cache that may only be read is no trouble"


def test_only_what_is_missing_is_fetched(home, server):
    (home / "set").mkdir()
    (home / "set" / "images").write_bytes(IMAGES)
    fetch(Source("Set", "set", SUMS, (server.url("good"),)))
    assert dict(server.asked) == {"/good/labels.gz": 1}


def test_an_archive_gives_its_files_and_nothing_else_of_it_is_written(home):
    content = archive({**MEMBERS, "set/readme.html": b"<html>", "../escaped": b"x", "/tmp/absolute": b"x"})  # noqa: S108
    with serving({"set.tar.gz": content}) as server:
        paths = fetch(archived(content, server.url("good") + "/set.tar.gz"))
    assert [path.read_bytes() for path in paths] == [IMAGES, LABELS]
    assert left(home) == ["images", "labels"]
    assert not (home.parent / "escaped").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archive({"set/images": IMAGES}), "the archive lacks labels"),
        (archive({**MEMBERS, "set/labels": b"others"}), "the checksum of labels differs"),
        (b"no archive at all", "not a gzip file"),
        (archive(MEMBERS)[:-30], "Compressed file ended before the end-of-stream"),
    ],
    ids=["lacks", "differs", "none", "short"],
)
def test_an_archive_that_lacks_something_is_refused_whole(home, content, said):
    with serving({"set.tar.gz": content}) as server, pytest.raises(DataError) as caught:
        fetch(archived(content, server.url("good") + "/set.tar.gz"))
    assert said in caught.value.sum
    assert left(home) == []


def test_an_archive_of_other_bytes_is_not_even_opened(home):
    content = archive(MEMBERS)
    with serving({"set.tar.gz": content}) as server, pytest.raises(DataError) as caught:
        fetch(replace(archived(content, server.url("changed") + "/set.tar.gz")))
    assert "the checksum of the archive differs" in caught.value.sum


def test_an_archive_put_there_by_hand_is_taken_without_a_network(home):
    content = archive(MEMBERS)
    (home / "set.tar.gz").write_bytes(content)
    paths = fetch(archived(content, "http://127.0.0.1:1/set.tar.gz"))
    assert [path.read_bytes() for path in paths] == [IMAGES, LABELS]


def test_an_archive_put_there_by_hand_that_is_damaged_is_named(home):
    (home / "set.tar.gz").write_bytes(b"rubbish")
    with pytest.raises(DataError, match="the checksum of the archive differs") as caught:
        fetch(archived(archive(MEMBERS), "http://127.0.0.1:1/set.tar.gz"))
    assert caught.value.where == str(home / "set.tar.gz")


@pytest.mark.parametrize("limit", [100, 1000], ids=["packed", "unpacked"])
def test_a_body_without_end_is_given_up(home, server, monkeypatch, limit):
    monkeypatch.setattr(sys.modules["striate.datasets.fetch"], "LARGEST", limit)
    with pytest.raises(DataError) as caught:
        fetch(Source("Set", "set", {"images": SUMS["images"]}, (server.url("unannounced"),)))
    assert f"more than {limit:,} bytes" in caught.value.sum
    assert left(home) == []


def test_a_folder_that_cannot_be_made_is_told(home, server):
    (home / "set").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match=r"cannot make .*set: File exists"):
        fetch(Source("Set", "set", SUMS, (server.url("good"),)))


def test_a_cache_of_a_name_that_no_folder_can_have_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path / ("x" * 300)))
    with pytest.raises(StorageError, match="File name too long") as caught:
        fetch(Source("Set", "set", SUMS, ()))
    assert "STRIATE_DATA=FOLDER" in caught.value.fix


@pytest.mark.parametrize("size", [5_000, 100_000], ids=["less than a buffer", "more than a buffer"])
def test_a_full_disk_is_told_and_no_other_mirror_is_asked(home, monkeypatch, size):
    content = random.Random(0).randbytes(size)
    source = Source("Set", "set", {"images": sha256(content)}, ("good", "good"))
    with serving({"images.gz": packed(content)}) as server:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, limits[1]))
        try:
            with pytest.raises(StorageError, match="File too large") as caught:
                fetch(replace(source, mirrors=(server.url("good"), server.url("good"))))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "STRIATE_DATA=FOLDER on another disk" in caught.value.fix
    assert server.asked.total() == 1
    assert left(home) == []


FETCH = """
import sys
from striate.datasets.fetch import Source, fetch
fetch(Source("Set", "set", {"images": sys.argv[2]}, (sys.argv[1],)))
"""


def fetching(url):
    """Another process that fetches the images."""
    path = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", FETCH, url, SUMS["images"]]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_fetch_that_is_stopped_halfway_leaves_nothing_and_the_next_one_succeeds(home, server, how):
    first = fetching(server.url("stalled"))
    assert server.halfway.wait(60)
    first.send_signal(how)
    assert first.wait(60) != 0
    assert left(home) == []
    assert unpacked(fetch(Source("Set", "set", {"images": SUMS["images"]}, (server.url("good"),)))) == [IMAGES]


def test_two_processes_that_fetch_the_same_wait_for_each_other(home, server):
    both = [fetching(server.url("stalled"))]
    assert server.halfway.wait(60)
    both.append(fetching(server.url("stalled")))
    with pytest.raises(subprocess.TimeoutExpired):
        both[1].wait(2)
    server.released.set()
    assert [each.wait(60) for each in both] == [0, 0]
    assert dict(server.asked) == {"/stalled/images.gz": 1}
    assert left(home) == ["images.gz"]
