import errno
import os
import stat

import pytest

from striate import files
from striate.errors import StorageError
from striate.files import write_whole


def test_the_file_holds_what_was_written_and_all_may_read_it(tmp_path):
    for content in (b"first", b"the second, which is longer", b""):
        write_whole(tmp_path / "a.bin", content)
        assert (tmp_path / "a.bin").read_bytes() == content
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("call", ["fsync", "replace", "fchmod"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_whatever_fails_on_the_way_the_old_file_stays_and_nothing_is_left_behind(tmp_path, monkeypatch, call, error):
    def fail(*args, **kwargs):
        raise error

    write_whole(tmp_path / "a.bin", b"old")
    monkeypatch.setattr(files.os, call, fail)
    with pytest.raises((StorageError, KeyboardInterrupt)):
        write_whole(tmp_path / "a.bin", b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


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


def test_a_folder_that_is_not_there_and_a_name_that_no_file_can_have_are_told(tmp_path):
    with pytest.raises(StorageError, match="there is no folder") as missing:
        write_whole(tmp_path / "no" / "a.bin", b"12345")
    assert "5 bytes are needed" in missing.value.sum
    for name in ("a\0b", "x" * 300):
        with pytest.raises(StorageError, match="cannot write"):
            write_whole(tmp_path / name, b"12345")
    with pytest.raises(StorageError, match="is a folder"):
        write_whole(tmp_path, b"12345")
