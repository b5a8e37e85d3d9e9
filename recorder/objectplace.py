"""A run's files in an object store: `s3://BUCKET/PREFIX/<run>/...`, by way of PyArrow's filesystem.

An object is whole or absent, and durable once its upload was acknowledged. So staging uploads it under its
final name, several at a time, and publishing has nothing left to do. What was uploaded and never committed
is waste that no reader looks at: a file exists because the catalog names it.

Keys, regions and endpoints that a URL doesn't name come from where AWS's tools look: environment, profile.
"""

import re
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from recorder.errors import BadFiles, PlaceUnavailable
from recorder.place import Place, check_name, shown_url

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.fs import FileSystem

SCHEME = "s3"
#: What a URL may say behind the question mark.
PARAMETERS = ("endpoint_override", "region", "scheme", "tls_ca_file_path")
_FOLDER = re.compile(r"[\w!*'()=+,@&$:; .-]*")
_CODE = re.compile(r"AWS Error (\w+) during \w+ operation(?: \(HTTP status \d+\))?: *(.*)")
_NO_BUCKET = "there is no such bucket: make it, or name another"
#: Arrow's words for what a user can mend.
_ADVICE = {
    "NO_SUCH_BUCKET": _NO_BUCKET,
    "NETWORK_CONNECTION": "can't be reached",
    "ACCESS_DENIED": "access is denied: look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE",
}
_ADVICE |= dict.fromkeys(("INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH"), _ADVICE["ACCESS_DENIED"])


def check_url(url: str) -> str:
    """``url``, if it can be kept as the place of runs. Raises BadFiles."""
    parts = urlsplit(url)
    if parts.scheme != SCHEME:
        raise BadFiles(f"{url} is no place for runs: write {SCHEME}://BUCKET/PREFIX")
    if "@" in parts.netloc:
        bucket = parts.netloc.rpartition("@")[2]
        raise BadFiles(
            f"the URL of {SCHEME}://{bucket} holds a key, and the catalog would keep it: "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead"
        )
    if not parts.netloc or ":" in parts.netloc:
        raise BadFiles(f"{url} names no bucket: write {SCHEME}://BUCKET/PREFIX")
    folders = unquote(parts.path).strip("/").split("/")
    if any(part in (".", "..") or not _FOLDER.fullmatch(part) for part in folders) or parts.fragment:
        raise BadFiles(f"{url}: the prefix of {SCHEME}://BUCKET/PREFIX is folders of plain names")
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if name not in PARAMETERS:
            raise BadFiles(f"{url}: {name!r} is none of {', '.join(PARAMETERS)}")
    return parts._replace(path=quote("/".join(["", *filter(None, folders)]))).geturl()


class ObjectPlace(Place):
    """``run`` is the last part of its files' prefix."""

    local: Path | None = None

    def __init__(self, url: str, run: str) -> None:
        self._url = check_url(url)
        self._run = run
        self._staged: set[str] = set()

    @cached_property
    def filesystem(self) -> "FileSystem":
        """PyArrow's way there."""
        return self._filesystem_and_prefix[0]

    def key(self, name: str) -> str:
        """A file's name in `filesystem`."""
        return f"{self._prefix}/{check_name(name)}"

    def make(self) -> None:
        """A prefix needs no making, but must be nobody's."""
        if self._list():
            raise PlaceUnavailable(f"{self.shown()}: is there already")

    def stage(self, name: str, data: Any) -> None:
        """Upload."""
        self.stage_chunks(name, [data])

    def stage_chunks(self, name: str, chunks: Iterable[Any]) -> None:
        """Upload; never all of it is in memory."""
        key = self.key(name)
        self._staged.add(name)
        try:
            # Closed also if no more chunks can be had: else it would be uploaded when nobody looks any more.
            with self.filesystem.open_output_stream(key) as stream:
                for chunk in chunks:
                    stream.write(chunk)
        except OSError as error:
            raise self._unavailable(error) from error

    def name(self, names: Iterable[str]) -> None:
        """Take note that they are no waste."""
        self._staged.difference_update(map(check_name, names))

    def settle(self, names: Iterable[str]) -> None:
        """They last as the objects do."""

    def drop_staged(self) -> None:
        """What this process uploaded and didn't publish."""
        while self._staged:
            self._try(lambda: self.filesystem.delete_file(self.key(self._staged.pop())))

    def read(self, name: str) -> bytes:
        """All of an object, in one request."""
        with self.open(name) as file:
            data: bytes = self._try(file.readall)
        return data

    def open(self, name: str) -> "pa.NativeFile":
        """Each read is a request."""
        key = self.key(name)
        return self._try(lambda: self.filesystem.open_input_file(key))

    def size(self, name: str) -> int:
        """Of a list that is fetched once; what came later is asked for."""
        if check_name(name) in self._sizes:
            return self._sizes[name]
        (found,) = self._try(lambda: self.filesystem.get_file_info([self.key(name)]))
        if not found.is_file:
            raise FileNotFoundError(self.shown(name))
        size: int = found.size
        return size

    def names(self) -> list[str]:
        """In no order."""
        return list(self._list())

    def bytes(self) -> int:
        """Of all objects together."""
        return sum(self._list().values())

    def delete(self, name: str) -> None:
        """One object."""
        self._try(lambda: self.filesystem.delete_file(self.key(name)))

    def remove(self) -> None:
        """All objects below the prefix."""
        if self._list():
            self._try(lambda: self.filesystem.delete_dir(self._prefix))

    def shown(self, name: str = "") -> str:
        """A URL."""
        return "/".join(filter(None, (shown_url(self._url), self._run, name)))

    def explain(self, error: Exception) -> str:
        """A URL and what is wrong with it."""
        return str(error if isinstance(error, PlaceUnavailable) else self._unavailable(error))

    def unreachable(self, error: Exception) -> bool:
        """By what Arrow says."""
        return isinstance(error, PlaceUnavailable) or "AWS Error" in str(error)

    @cached_property
    def _filesystem_and_prefix(self) -> "tuple[FileSystem, str]":
        try:
            return _filesystem(self._url)
        except (OSError, ValueError) as error:
            raise self._unavailable(error) from error

    @property
    def _prefix(self) -> str:
        return f"{self._filesystem_and_prefix[1]}/{self._run}"

    @cached_property
    def _sizes(self) -> dict[str, int]:
        return self._list()

    def _list(self) -> dict[str, int]:
        """Name -> bytes of all objects; none if there are none, or no bucket."""
        from pyarrow.fs import FileSelector

        below = FileSelector(self._prefix, recursive=True, allow_not_found=True)
        try:
            found = self._try(lambda: self.filesystem.get_file_info(below))
        except PlaceUnavailable as error:
            if _NO_BUCKET in str(error):
                return {}
            raise
        start = len(self._prefix) + 1
        return {each.path[start:]: each.size for each in found if each.is_file}

    def _try(self, what: Any) -> Any:
        try:
            return what()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> PlaceUnavailable:
        told = " ".join(str(error).split()).rstrip(" :")
        found = _CODE.search(told)
        if found and found[1] in _ADVICE:
            details = f" ({found[2].rpartition('Details: ')[2]})" if found[1] == "NETWORK_CONNECTION" else ""
            told = _ADVICE[found[1]] + details
        return PlaceUnavailable(f"{self.shown()}: {told}")


@cache
def _filesystem(url: str) -> "tuple[FileSystem, str]":
    """And the prefix in it. Small objects are then one request and not three."""
    from pyarrow.fs import FileSystem

    filesystem, prefix = FileSystem.from_uri(f"{url}{'&' if '?' in url else '?'}allow_delayed_open=true")
    return filesystem, prefix
