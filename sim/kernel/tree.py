"""The guest's tree of files: the host's directories that the user mounted, and what the kernel makes itself.

Paths are resolved in the guest's tree, step by step: ``..`` and the targets of symbolic links lead through
it as they do below a chroot, so that no path leaves a mounted directory on the host's side. Nothing here
is opened; the tree says what stands at a path.
"""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sim.errors import UserError
from sim.kernel import errno
from sim.kernel.errno import Failure

#: Bytes of a path with its final zero, bytes of one name, symbolic links on one way.
PATH_MAX, NAME_MAX, LINKS_MAX = 4096, 255, 40
#: What a ``host`` event of a look-up says as the size where the way to the path is none.
NO_WAY = -1

#: The kernel's own files, by form.
CONSOLE = ("/dev/stdin", "/dev/stdout", "/dev/stderr")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
CPUS = tuple(f"/sys/devices/system/cpu/{name}" for name in ("online", "possible", "present"))
TEXTS = ("/proc/self/maps", "/proc/cpuinfo", *CPUS)
PROGRAM_LINK = "/proc/self/exe"
#: The source of a mount of which only the guest's side is known. There is no such directory.
NOWHERE = Path("/dev/null/nowhere")
_OWN_MODES = {"console": 0o620, "device": 0o666, "text": 0o444, "link": 0o777}


class BadMount(UserError):
    """What --mount asks for can't be done."""

    exit_status = 2


@dataclass(frozen=True)
class Mount:
    """Directory ``source`` of the host stands at ``target`` of the guest."""

    source: Path
    target: str
    writable: bool

    @classmethod
    def parse(cls, text: str) -> "Mount":
        """HOSTDIR:GUESTDIR[:ro|:rw]. Raises BadMount."""
        spec, writable = text, False
        for ending in (":ro", ":rw"):
            if text.endswith(ending):
                spec, writable = text.removesuffix(ending), ending == ":rw"
        source, separator, target = spec.rpartition(":")
        if not separator or not source or not target.startswith("/"):
            raise BadMount(
                f"--mount {text}: write it as HOSTDIR:/GUESTDIR, with :rw behind it to let it change"
            )
        if any(name in (".", "..") for name in target.split("/")) or "\0" in text:
            raise BadMount(f"--mount {text}: the guest's directory must be a plain path from /")
        if not Path(source).is_dir():
            what = "is not a directory" if Path(source).exists() else "does not exist"
            raise BadMount(f"--mount {text}: {source} {what}; name a directory of this machine first")
        return cls(Path(source).resolve(), normal(target), writable)

    @classmethod
    def of_guest(cls, text: str) -> "Mount":
        """What ``str`` told of one, without a directory of the host's behind it."""
        return cls(NOWHERE, text.removesuffix(":rw"), text.endswith(":rw"))

    def permissions(self, mode: int) -> int:
        """The permission bits of a file as the guest sees them."""
        return stat.S_IMODE(mode) & (0o777 if self.writable else 0o555)

    def __str__(self) -> str:
        return self.target + (":rw" if self.writable else "")


def read_mounts(texts: Iterable[str]) -> tuple[Mount, ...]:
    """What --mount was given, each time. Raises BadMount."""
    mounts = tuple(Mount.parse(text) for text in texts)
    targets = [mount.target for mount in mounts]
    for target in targets:
        if targets.count(target) > 1:
            raise BadMount(f"--mount: two directories for {target}; give each its own place")
    return mounts


@dataclass(frozen=True)
class Node:
    """What stands at ``path`` (absolute, without links): ``form`` is file, directory, link, device, console,
    text, program, other (of the host, neither file nor directory) or missing. ``place`` is where it is, or
    would be, on the host (None: nowhere); ``mode`` are its permission bits, ``target`` is a link's.
    ``led``: the way to it led over what the host has."""

    path: str
    form: str
    mode: int = 0
    size: int = 0
    place: Path | None = None
    mount: Mount | None = None
    target: str = ""
    led: bool = False

    @property
    def writable(self) -> bool:
        """True where the user lets the guest change things."""
        return self.mount is not None and self.mount.writable


def normal(path: str) -> str:
    """An absolute path without empty names."""
    return "/" + "/".join(name for name in path.split("/") if name)


def parent(path: str) -> str:
    """The directory that a path is in; the root is in itself."""
    return path.rpartition("/")[0] or "/"


class Tree:
    """``programs`` are where the programs stand that the run began with, ``devices`` where those beside
    DEVICES do."""

    def __init__(
        self, mounts: tuple[Mount, ...], programs: tuple[str, ...], devices: tuple[str, ...] = ()
    ) -> None:
        self._mounts = {mount.target: mount for mount in mounts}
        self.programs = programs
        self._own = {
            **dict.fromkeys(CONSOLE, "console"),
            **dict.fromkeys((*DEVICES, *devices), "device"),
            **dict.fromkeys(TEXTS, "text"),
            PROGRAM_LINK: "link",
        }
        self._folders = {"/"}
        for path in (*self._own, *self._mounts):
            while path != "/":
                path = parent(path)
                self._folders.add(path)

    def find(self, directory: str, path: str, executable: str, follow: bool = True) -> Node:
        """The node at ``path``, seen from ``directory`` by a process that runs ``executable``; with
        ``follow``, behind a link at its end. Raises Failure where the way to it is none; where only the last
        step fails, the node is missing."""
        if not path:
            raise Failure(errno.ENOENT)
        if len(path.encode()) >= PATH_MAX:
            raise Failure(errno.ENAMETOOLONG)
        ahead = [name for name in reversed(path.split("/")) if name]
        node = self._at("/" if path.startswith("/") else directory)
        links, led = 0, False
        while ahead:
            name = ahead.pop()
            led = led or node.mount is not None
            if any("\ud800" <= letter <= "\udfff" for letter in name):
                raise Failure(errno.EILSEQ)  # A link's target that is no text.
            if node.form != "directory":
                raise Failure(errno.ENOENT if node.form == "missing" else errno.ENOTDIR)
            if name == ".":
                continue
            if name == "..":
                node = self._at(parent(node.path))
                continue
            if len(name.encode()) > NAME_MAX:
                raise Failure(errno.ENAMETOOLONG)
            found = self._at(normal(f"{node.path}/{name}"))
            if found.path == PROGRAM_LINK:
                found = replace(found, target=executable)
            if found.form == "link" and (ahead or follow or path.endswith("/")):
                links += 1
                if links > LINKS_MAX:
                    raise Failure(errno.ELOOP)
                ahead += [name for name in reversed(found.target.split("/")) if name]
                if found.target.startswith("/"):
                    node = self._at("/")
                continue
            node = found
        if path.endswith("/") and node.form not in ("directory", "missing"):
            raise Failure(errno.ENOTDIR)
        return replace(node, led=led)

    def names(self, path: str) -> list[tuple[str, str]]:
        """(name, form) of what the kernel itself and the mounts put into a directory."""
        found = dict.fromkeys(self.programs, "program") | self._own
        found |= dict.fromkeys(self._folders - {"/"}, "directory") | dict.fromkeys(self._mounts, "directory")
        return [
            (entry.rpartition("/")[2], form)
            for entry, form in found.items()
            if parent(entry) == path and entry != "/"
        ]

    def _at(self, path: str) -> Node:
        """What stands at a path whose directory holds no link."""
        mount = self.mount_of(path)
        if self.is_own(path):
            return Node(path, self._own[path], _OWN_MODES[self._own[path]])
        made = Node(path, "directory", 0o555) if path in self._folders else Node(path, "missing")
        if path in self.programs:
            made = Node(path, "program", 0o555)
        if mount is None:
            return made
        found = self.on_host(path, mount)
        if path in self._folders and found.form != "directory":
            return made  # The way to the kernel's own files, whatever the host has there.
        return made if found.form == "missing" and made.form != "missing" else found

    def is_own(self, path: str) -> bool:
        """True for a file of the kernel's own, unless a mount covers it."""
        mount = self.mount_of(path)
        return path in self._own and (mount is None or mount.target == "/")

    def mount_of(self, path: str) -> Mount | None:
        """The mount that a path without links lies in."""
        while True:
            if path in self._mounts:
                return self._mounts[path]
            if path == "/":
                return None
            path = parent(path)

    def on_host(self, path: str, mount: Mount) -> Node:
        """What the host has at a path of a mount. Raises Failure."""
        below = path.removeprefix(mount.target).strip("/")
        place = mount.source / below
        try:
            found = os.lstat(place)
            if stat.S_ISLNK(found.st_mode):
                target = os.readlink(place)
                return Node(path, "link", 0o777, len(os.fsencode(target)), place, mount, target)
        except FileNotFoundError:
            return Node(path, "missing", place=place, mount=mount)
        except OSError as error:
            raise Failure(errno.from_host(error)) from None
        except ValueError:
            raise Failure(errno.ENOENT) from None
        mode = mount.permissions(found.st_mode)
        if stat.S_ISDIR(found.st_mode):
            return Node(path, "directory", mode, 0, place, mount)
        form = "file" if stat.S_ISREG(found.st_mode) else "other"
        return Node(path, form, mode, found.st_size if form == "file" else 0, place, mount)
