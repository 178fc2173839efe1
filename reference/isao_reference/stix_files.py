"""Read STIX files: bundles, TAXII envelopes, single objects, or newline-delimited JSON of any of them.

Objects come out as the bytes that stand in the file, so that nothing is re-serialised on the way
into the store. Newline-delimited files are streamed; other files are read as one document.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UnreadableFile(Exception):
    """A file that cannot be read as STIX; the text is one line that names the fault and the remedy."""


@dataclass(frozen=True)
class FoundObject:
    """One object of a file: its bytes, its `id` if it says one, and where it stands in plain words."""

    file: Path
    position: str
    id: str
    raw: bytes


class _Head(msgspec.Struct):
    type: str | None = None
    id: str | None = None
    objects: msgspec.Raw = msgspec.Raw(b"")


_head = msgspec.json.Decoder(_Head)
_anything = msgspec.json.Decoder()
_members = msgspec.json.Decoder(list[msgspec.Raw])


def check_files(paths: Iterable[Path]) -> int:
    """Read all files to the end and return the number of objects.

    Done before the first object is stored, so that a truncated file leaves nothing half loaded.
    Raises UnreadableFile for the first fault.
    """
    return sum(1 for path in paths for _ in read_objects(path))


def read_objects(path: Path) -> Iterator[FoundObject]:
    """Yield the objects of one file (plain or gzip) in their order. Raises UnreadableFile."""
    for where, text in read_documents(path):
        yield from _container(path, text, where)


def read_documents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the JSON documents of one file: (place, bytes), the place being `line N` where every line is a
    document and empty where the file is one. Lines after the first are not parsed. Raises UnreadableFile."""
    try:
        with _open(path) as stream:
            yield from _documents(path, stream)
    except FileNotFoundError:
        raise UnreadableFile(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise UnreadableFile(f"{path}: this is a folder; name the files in it") from None
    except PermissionError:
        raise UnreadableFile(f"{path}: not readable for this user; check its permissions") from None
    except EOFError:
        raise UnreadableFile(f"{path}: the gzip data ends too early; fetch the file again") from None
    except (gzip.BadGzipFile, zlib.error) as fault:
        raise UnreadableFile(
            f"{path}: the gzip data is damaged ({fault}); fetch the file again, "
            "or drop .gz from the name if it is not compressed"
        ) from None
    except OSError as fault:
        raise UnreadableFile(f"{path}: {fault.strerror or fault}; check the file system") from None


def _open(path: Path) -> IO[bytes]:
    """Open by content, not only by name: gzip is recognised by its first bytes."""
    stream = path.open("rb")
    magic = stream.read(2)
    stream.seek(0)
    if magic == GZIP_MAGIC:
        return gzip.open(stream, "rb")  # type: ignore[return-value]  # GzipFile is a binary stream
    if path.suffix == ".gz":
        stream.close()
        raise UnreadableFile(f"{path}: named .gz but not gzip data; drop .gz from the name if it is plain JSON")
    return stream


def _documents(path: Path, stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    first, skipped = _first_line(stream)
    if not first:
        raise UnreadableFile(f"{path}: the file is empty; nothing to load")
    if not _is_json(first):
        text = first + stream.read()
        _check_whole(path, text, skipped)
        yield "", text
        return
    yield f"line {skipped + 1}", first
    for number, line in enumerate(stream, start=skipped + 2):
        if line.strip():
            yield f"line {number}", line


def _first_line(stream: IO[bytes]) -> tuple[bytes, int]:
    """The first line with content, and how many empty ones came before it."""
    skipped = 0
    for line in stream:
        if skipped == 0:
            line = line.removeprefix(BYTE_ORDER_MARK)
        if line.strip():
            return line, skipped
        skipped += 1
    return b"", skipped


def _check_whole(path: Path, text: bytes, skipped: int) -> None:
    """Refuses a document over several lines that is no JSON; only here can a fault be on another line."""
    try:
        _anything.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        line = skipped + 1 + text[: _offset(fault, text)].count(b"\n")
        raise UnreadableFile(f"{path}: line {line}: not JSON ({fault}); export the file again") from None


def _offset(fault: Exception, text: bytes) -> int:
    """msgspec names the offending byte in its message; without one the fault is at the end."""
    if isinstance(fault, UnicodeDecodeError):
        return _first_bad_character(text)
    _, found, number = str(fault).rpartition("(byte ")
    return int(number.rstrip(")")) if found and number.rstrip(")").isdigit() else len(text.rstrip())


def _first_bad_character(text: bytes) -> int:
    """msgspec counts from the start of the string it was reading; the codec counts from the file's start."""
    try:
        text.decode()
    except UnicodeDecodeError as fault:
        return fault.start
    return len(text)


def _is_json(line: bytes) -> bool:
    try:
        _anything.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _container(path: Path, text: bytes, where: str) -> Iterator[FoundObject]:
    """The objects of one JSON value: of a bundle or an envelope its members, else the value itself."""
    prefix = f"{where}, " if where else ""
    try:
        head = _head.decode(text)
    except msgspec.ValidationError:
        # Not an object, or one with an id that is no string: the exchange says what is wrong with it.
        yield FoundObject(path, where or "line 1", "", text.strip())
        return
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise UnreadableFile(f"{path}: {prefix}not JSON ({fault}); export the file again") from None
    objects = bytes(head.objects)
    if head.type == "bundle" and not objects:
        return  # STIX 2.1, 8: a bundle may be empty
    if objects.startswith(b"[") and head.type in (None, "bundle"):
        for number, raw in enumerate(_members.decode(objects), start=1):
            yield FoundObject(path, f"{prefix}object {number}", _id(bytes(raw)), bytes(raw))
        return
    yield FoundObject(path, where or "line 1", head.id or "", text.strip())


def _id(raw: bytes) -> str:
    try:
        return _head.decode(raw).id or ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
