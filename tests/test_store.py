"""The cache folder, its lock, and files that are opened without surprises."""

import errno
import fcntl
import os
import select
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from striate import store
from striate.errors import DataError, StorageError
from striate.store import home, locked, open_regular

HOLD = """
import sys
from pathlib import Path
from striate.store import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holding():
    """holding(path): another process that waits for the lock, says so once it holds it, and then waits for a line."""
    started = []

    def start(path):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        started.append(subprocess.Popen([sys.executable, "-c", HOLD, path], env=env, stdin=-1, stdout=-1, text=True))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


def is_held(path):
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path / "data"))
    assert home() == tmp_path / "data"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STRIATE_DATA", "~/data")
    assert home() == tmp_path / "data"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRIATE_DATA", "data")
    assert home() == tmp_path / "data"
    for nothing in (lambda: monkeypatch.setenv("STRIATE_DATA", ""), lambda: monkeypatch.delenv("STRIATE_DATA")):
        nothing()
        assert home() == tmp_path / ".cache" / "striate"


def test_a_lock_makes_its_folder_and_lets_go_at_the_end(tmp_path):
    path = tmp_path / "new" / "folder" / ".lock"
    with locked(path):
        assert is_held(path)
    assert not is_held(path)
    assert path.read_bytes() == b""


def test_a_lock_lets_go_when_the_block_fails(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path / ".lock"):
        raise KeyError
    assert not is_held(tmp_path / ".lock")


def test_another_process_waits_until_the_lock_is_free(tmp_path, holding):
    with locked(tmp_path / ".lock"):
        other = holding(tmp_path / ".lock")
        assert select.select([other.stdout], [], [], 1) == ([], [], []), "it says nothing for a second"
    assert other.stdout.readline() == "held\n"
    assert is_held(tmp_path / ".lock")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_lock_of_a_process_that_dies_is_free(tmp_path, holding, how):
    other = holding(tmp_path / ".lock")
    assert other.stdout.readline() == "held\n"
    assert is_held(tmp_path / ".lock")
    other.send_signal(how)
    other.wait(60)
    with locked(tmp_path / ".lock"):
        pass


def test_a_lock_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write .*: File exists") as caught, locked(tmp_path / "file" / "l"):
        pass
    assert "STRIATE_DATA=FOLDER" in caught.value.fix


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch):
    def none(file, how):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(store.fcntl, "flock", none)
    with pytest.raises(StorageError, match="No locks available"), locked(tmp_path / ".lock"):
        pass


def test_a_plain_file_is_opened_to_be_read(tmp_path):
    (tmp_path / "a").write_bytes(b"striate")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    for path in (tmp_path / "a", str(tmp_path / "a"), tmp_path / "link"):
        with open_regular(path) as file:
            assert file.read() == b"striate"


def place(folder, kind):
    """Something that is no plain file."""
    path = folder / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    elif kind == "link to nowhere":
        path.symlink_to(folder / "nowhere")
    elif kind == "link to itself":
        path.symlink_to(path)
    elif kind == "device":
        return Path(os.devnull)
    elif kind == "long name":
        return folder / ("x" * 300)
    elif kind == "name with a zero":
        return folder / "a\0b"
    return path


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("nothing", "there is no such file"),
        ("folder", "it is not a plain file"),
        ("pipe", "it is not a plain file"),
        ("device", "it is not a plain file"),
        ("socket", "No such device or address"),
        ("link to nowhere", "it is a link that leads nowhere"),
        ("link to itself", "it is a link that leads nowhere"),
        ("long name", "File name too long"),
        ("name with a zero", "embedded null byte"),
    ],
)
def test_what_is_no_plain_file_is_refused_in_plain_words(tmp_path, kind, reason):
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(DataError) as caught:
        open_regular(place(tmp_path, kind))
    assert caught.value.what.endswith(f": {reason}")
    assert "\0" not in str(caught.value)
    assert caught.value.fix
    assert len(os.listdir("/proc/self/fd")) == before, "nothing is left open"


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "a").chmod(0)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0
    if os.geteuid() == 0:  # whom no mode keeps out

        def refused(*given):
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(os, "open", refused)
    with pytest.raises(DataError, match="you may not read it"):
        open_regular(tmp_path / "a")
