"""Reading within limits, and writing whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from reberlstm.errors import FormatError
from reberlstm.files import TEMPORARY, claim, read_bytes, release, write_atomically

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and pipes of POSIX")


def test_reads_up_to_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert read_bytes(file, limit=5) == b"12345"
    with pytest.raises(FormatError, match=r"file: larger than the limit of 4 bytes"):
        read_bytes(file, limit=4)


def test_limit_does_not_cost_memory(tmp_path: Path) -> None:
    """A limit of gigabytes was once allocated for every small file."""
    resource = pytest.importorskip("resource")
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    code = (
        "import resource, sys; from pathlib import Path; from reberlstm.files import read_bytes;"
        "resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30));"
        "print(read_bytes(Path(sys.argv[1]), limit=2**33))"
    )
    assert resource
    result = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == ("b'12345'\n", "")


@posix
def test_reads_pipes(tmp_path: Path) -> None:
    """As in ``--grammar <(generate)``."""
    read_end, write_end = os.pipe()
    os.write(write_end, b"12345")
    os.close(write_end)
    assert read_bytes(Path(f"/dev/fd/{read_end}"), limit=5) == b"12345"
    os.close(read_end)
    with pytest.raises(FormatError, match="/dev/zero: larger than the limit"):
        read_bytes(Path("/dev/zero"), limit=5)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"missing: no such file"):
        read_bytes(tmp_path / "missing", limit=5)
    with pytest.raises(FormatError, match=r"cannot be read: Is a directory"):
        read_bytes(tmp_path, limit=5)
    with pytest.raises(FormatError, match="cannot be read: "):
        read_bytes(Path("a\0b"), limit=5)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FormatError, match="cannot be read: Not a directory"):
        read_bytes(tmp_path / "file" / "below", limit=5)


@posix
@pytest.mark.skipif(AS_ROOT, reason="root may read and write everything")
def test_permissions(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    file.chmod(0)
    with pytest.raises(FormatError, match="cannot be read: Permission denied"):
        read_bytes(file, limit=5)
    tmp_path.chmod(0o500)
    with pytest.raises(FormatError, match="cannot be written: Permission denied"):
        write_atomically(tmp_path / "new", b"")
    tmp_path.chmod(0o700)


def test_writes_new_and_over_old(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_atomically(file, b"one")
    write_atomically(file, b"two")
    assert file.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [file], "no temporary file is left"


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr
)
def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(
            FormatError if isinstance(error, OSError) else KeyboardInterrupt
        ) as raised:
            write_atomically(file, b"new")
    if isinstance(error, OSError):
        assert str(raised.value) == f"{file}: cannot be written: No space left on device"
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file], "no temporary file is left"


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"new: cannot be written: No such file or directory"):
        write_atomically(tmp_path / "no folder" / "new", b"")
    with pytest.raises(FormatError, match="cannot be written: Is a directory"):
        write_atomically(tmp_path, b"")
    with pytest.raises(FormatError, match="cannot be written: "):
        write_atomically(tmp_path / ("long" * 100), b"")
    with pytest.raises(FormatError, match="cannot be written: "):
        write_atomically(tmp_path / "a\0b", b"")
    assert list(tmp_path.iterdir()) == []


def test_names_of_any_length_that_the_system_takes(tmp_path: Path) -> None:
    file = tmp_path / ("n" * 255)
    write_atomically(file, b"new")
    assert file.read_bytes() == b"new"


@posix
def test_follows_links(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to("target")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@posix
def test_mode_is_that_of_any_new_file_or_of_the_old_one(tmp_path: Path) -> None:
    old_mask = os.umask(0o027)
    try:
        new, old = tmp_path / "new", tmp_path / "old"
        old.write_bytes(b"secret")
        old.chmod(0o600)
        write_atomically(new, b"")
        write_atomically(old, b"still secret")
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert stat.S_IMODE(old.stat().st_mode) == 0o600


@posix
def test_pipes_are_written_to_and_not_replaced(tmp_path: Path) -> None:
    """Devices too: ``-o /dev/null`` as root once replaced the device by a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(pipe, b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


# Claims


@pytest.fixture
def released() -> Iterator[None]:
    yield
    release()


def left(folder: Path) -> list[str]:
    return sorted(x.name for x in folder.iterdir() if x.name.startswith(TEMPORARY))


@posix
def test_of_two_runs_with_one_output_the_second_is_refused(tmp_path: Path, released: None) -> None:
    file = tmp_path / "out"
    claim(file)
    claim(file)  # by the same process: nothing is asked twice
    code = (
        "import sys; from pathlib import Path; from reberlstm.files import write_atomically\n"
        "try: write_atomically(Path(sys.argv[1]), b'second')\n"
        "except Exception as error: print(error)\n"
    )
    line = [sys.executable, "-c", code, str(file)]
    says = f"{file}: cannot be written: another run is writing to it; wait for it, or choose "
    assert says in subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert not file.exists()
    write_atomically(file, b"first")
    assert file.read_bytes() == b"first"
    assert left(tmp_path) == []
    assert subprocess.run(line, capture_output=True, text=True, check=True).stdout == ""
    assert file.read_bytes() == b"second"


@posix
def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path, released: None) -> None:
    """Also where it writes another file; what a living run holds stays."""
    code = (
        "import os, signal, sys; from pathlib import Path; from reberlstm.files import claim;"
        "claim(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = [sys.executable, "-c", code, str(tmp_path / "killed")]
    subprocess.run(killed, check=False)
    assert len(left(tmp_path)) == 1
    claim(tmp_path / "one")
    assert len(left(tmp_path)) == 1
    claim(tmp_path / "two")
    assert len(left(tmp_path)) == 2
    release()
    assert left(tmp_path) == []


def test_a_claim_costs_no_file(tmp_path: Path, released: None) -> None:
    file = tmp_path / "out"
    file.write_bytes(b"old")
    claim(file)
    release()
    assert file.read_bytes() == b"old"
    with pytest.raises(FormatError, match="cannot be written: "):
        claim(tmp_path / "missing" / "out")
    with pytest.raises(FormatError, match="cannot be written: Is a directory"):
        claim(tmp_path)
    assert left(tmp_path) == []


@posix
def test_links_in_a_circle(tmp_path: Path, released: None) -> None:
    """They were once replaced by the output."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.symlink_to(other)
    other.symlink_to(one)
    for act in (claim, partial(write_atomically, content=b""), partial(read_bytes, limit=5)):
        with pytest.raises(FormatError, match=r"one: cannot be .*: Too many levels of symbolic"):
            act(one)
    assert one.is_symlink()


@posix
def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, released: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "out"
    file.write_bytes(b"old")
    write = os.write
    pieces = iter((1, 2, None))

    def full(descriptor: int, content: bytes) -> int:
        if (piece := next(pieces)) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, bytes(content)[:piece])

    monkeypatch.setattr("os.write", full)
    with pytest.raises(FormatError, match="out: cannot be written: No space left on device"):
        write_atomically(file, b"the new content")
    assert file.read_bytes() == b"old"
    assert left(tmp_path) == []
