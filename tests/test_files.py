"""Files are written whole or not at all, whatever happens in between."""

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import threading

import pytest

from striate import files
from striate.errors import StorageError
from striate.files import write_whole

OLD, NEW = b"old" * 1000, b"new" * 2000


@pytest.fixture(params=[None, OLD], ids=["new file", "old file"])
def path(tmp_path, request):
    """Where a file is to be written; there may be one already."""
    if request.param is not None:
        (tmp_path / "file").write_bytes(request.param)
    return tmp_path / "file"


def untouched(path):
    """Whether there is what was there before, and nothing beside it."""
    rest = [each.name for each in path.parent.iterdir()]
    return rest == [] if not path.exists() else (rest == ["file"] and path.read_bytes() == OLD)


@pytest.mark.parametrize("content", [b"", b"x", NEW, bytes(10_000_000)], ids=len)
def test_what_is_written_is_what_was_given(path, content):
    write_whole(path, content)
    assert path.read_bytes() == content
    assert [each.name for each in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_everyone_may_read_it_whatever_the_mask(path, mask):
    before = os.umask(mask)
    try:
        write_whole(path, NEW)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize("step", ["open", "write", "fsync", "fchmod", "replace"])
@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()], ids=["EIO", "Ctrl-C"]
)
def test_a_failure_at_any_step_leaves_what_was_there(path, monkeypatch, step, error):
    def failing(*given, **named):
        raise error

    class Failing:
        def __init__(self, descriptor, mode):
            self.descriptor = descriptor

        def __enter__(self):
            return self

        def __exit__(self, *raised):
            os.close(self.descriptor)

        write = failing

    if step == "open":
        monkeypatch.setattr(files.tempfile, "mkstemp", failing)
    elif step == "write":
        monkeypatch.setattr(files, "open", Failing, raising=False)
    else:
        monkeypatch.setattr(os, step, failing)
    with pytest.raises(StorageError if isinstance(error, OSError) else KeyboardInterrupt) as caught:
        write_whole(path, NEW)
    assert untouched(path)
    if isinstance(error, OSError):
        assert caught.value.what == f"cannot write {path}: Input/output error"
        assert "6,000 bytes are needed (6.0 kB)" in caught.value.sum
        assert " are free there" in caught.value.sum


@pytest.mark.parametrize("room", [0, 1000, 5999])
def test_a_disk_that_gets_full_leaves_what_was_there(path, room):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(StorageError, match="File too large") as caught:
            write_whole(path, NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert untouched(path)
    assert "free some space" in caught.value.fix


def test_it_reaches_the_disk_before_it_takes_its_name_and_the_name_after(path, monkeypatch):
    steps = []

    def noted(name):
        real = getattr(os, name)

        def call(*given):
            is_folder = name == "fsync" and stat.S_ISDIR(os.fstat(given[0]).st_mode)
            steps.append("fsync of the folder" if is_folder else name)
            return real(*given)

        return call

    for name in ("fsync", "replace"):
        monkeypatch.setattr(os, name, noted(name))
    write_whole(path, NEW)
    assert steps == ["fsync", "replace", "fsync of the folder"]


WRITE = """
import sys
from striate.files import write_whole
print("writing", flush=True)
while True:
    for byte in (b"a", b"b"):
        write_whole(sys.argv[1], byte * 3_000_000)
"""


def test_a_process_killed_at_any_moment_leaves_a_whole_file(tmp_path):
    path = tmp_path / "file"
    for wait in (0.0, 0.01, 0.02, 0.05):
        path.write_bytes(b"b" * 3_000_000)
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen([sys.executable, "-c", WRITE, path], env=env, stdout=-1) as other:
            other.stdout.readline()
            threading.Event().wait(wait)
            other.send_signal(signal.SIGKILL)
        assert path.read_bytes() in (b"a" * 3_000_000, b"b" * 3_000_000)


def test_whoever_reads_meanwhile_sees_the_old_or_the_new(tmp_path):
    path, seen = tmp_path / "file", set()
    path.write_bytes(OLD)

    def read():
        while NEW not in seen:
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    for content in (OLD, NEW, OLD, NEW):
        write_whole(path, content)
    reader.join(60)
    assert seen <= {OLD, NEW}


def test_the_longest_name_that_a_file_system_takes_can_be_written(tmp_path):
    write_whole(tmp_path / ("x" * 255), b"x")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"x"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("folder", "is a folder"),
        ("none/file", "there is no folder"),
        ("x" * 256, "File name too long"),
        ("a\0b", "embedded null"),
        ("folder/" + "y" * 300 + "/file", "there is no folder|File name too long"),
    ],
    ids=["folder", "no folder", "long", "zero", "long folder"],
)
def test_where_nothing_can_be_written_is_told_with_the_bytes_it_needs(tmp_path, name, said):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match=said) as caught:
        write_whole(tmp_path / name, NEW)
    assert "6,000 bytes are needed (6.0 kB)" in caught.value.sum
    assert "\0" not in str(caught.value)
    assert caught.value.fix
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_a_link_stays_a_link_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_pipe_is_no_place_for_a_file_and_stays_what_it_is(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="no plain file"):
        write_whole(tmp_path / "pipe", b"new")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
