import contextlib
import os
import subprocess

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A cache of each test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("STRIATE_DATA", str(folder))
    return folder


@pytest.fixture
def mounted():
    """mounted(folder, options): lay a file system in memory over a folder until the test ends; root alone may."""
    with contextlib.ExitStack() as stack:

        def mount(folder, options):
            if os.geteuid() != 0:
                pytest.skip("only root can mount")
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
            if done.returncode:
                pytest.skip(f"cannot mount here: {done.stderr.decode().strip()}")
            stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=True)

        yield mount
