import pytest


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A cache of its own, empty."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("STRIATE_DATA", str(folder))
    return folder
