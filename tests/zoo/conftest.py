from __future__ import annotations

from pathlib import Path

import pytest

from reberlstm.zoo import Entry, load_zoo, make

COUNT = 5


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zoo of five nets, that of the examples in docs/zoo.md."""
    place = tmp_path_factory.mktemp("zoo")
    make(place, seed=0, count=COUNT)
    return place


@pytest.fixture(scope="session")
def zoo(folder: Path) -> list[Entry]:
    return load_zoo(folder)
