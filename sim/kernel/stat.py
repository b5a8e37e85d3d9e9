"""What stat says of a file, as far as the guest may know.

It is the same on every machine that has the same files: inode numbers are made from paths, all files
belong to the user that the program runs as, and all times are 0, the start of the run's clock.
"""

import struct
from dataclasses import dataclass
from hashlib import blake2b

from sim.files import OpenFile
from sim.kernel.tree import Node

#: The user and group that programs run as.
USER = 1000
BLOCK, SECTOR = 4096, 512

S_IFIFO, S_IFCHR, S_IFDIR, S_IFREG, S_IFLNK = 0o10000, 0o20000, 0o40000, 0o100000, 0o120000
_TYPES = {
    "file": S_IFREG, "program": S_IFREG, "text": S_IFREG, "other": S_IFIFO, "directory": S_IFDIR,
    "link": S_IFLNK, "console": S_IFCHR, "device": S_IFCHR, "pipe": S_IFIFO, "event": 0,
}  # fmt: skip
#: Major and minor number of a terminal; devices' by path.
_TERMINAL = (136, 0)
_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}
#: Letters of the types of directory entries (dirent.h).
ENTRY_TYPES = {S_IFIFO: 1, S_IFCHR: 2, S_IFDIR: 4, S_IFREG: 8, S_IFLNK: 10}

# struct stat and struct statx (asm-generic/stat.h, linux/stat.h).
_STAT = struct.Struct("<QQIIIIQQqiiq6q2I")
_STATX = struct.Struct("<IIQIIIHHQQQQ" + "qIi" * 4 + "IIIIQ" + "104x")
STATX_BASIC = 0x7FF
assert (_STAT.size, _STATX.size) == (128, 256)


@dataclass(frozen=True)
class Status:
    """``mode`` with the type's bits; ``device``: (major, minor) that a special file stands for."""

    inode: int
    mode: int
    size: int
    device: tuple[int, int] = (0, 0)

    @classmethod
    def of_node(cls, node: Node) -> "Status":
        """Of what stands in the tree."""
        return cls.made(node.form, node.path, node.mode, node.size)

    @classmethod
    def of_open(cls, file: OpenFile) -> "Status":
        """Of an open file that stands nowhere, or is a special one."""
        mode = {"console": 0o620, "device": 0o666, "text": 0o444}.get(file.form, 0o600)
        path = f"pipe:[{file.pipe}]" if file.pipe else file.path
        return cls.made(file.form, path, mode, 0)

    @classmethod
    def made(cls, form: str, path: str, mode: int, size: int) -> "Status":
        """A file of this form."""
        device = _TERMINAL if form == "console" else _DEVICES.get(path.rpartition("/")[2], (0, 0))
        if form == "directory":
            size = BLOCK
        return cls(
            inode_of(path), _TYPES[form] | mode, size, device if form in ("console", "device") else (0, 0)
        )

    def as_stat(self) -> bytes:
        """A struct stat."""
        links = 2 if self.mode & S_IFDIR == S_IFDIR else 1
        return _STAT.pack(
            *(1, self.inode, self.mode, links, USER, USER, _device_number(self.device), 0),
            *(self.size, BLOCK, 0, -(-self.size // SECTOR)),
            *(0,) * 8,
        )

    def as_statx(self) -> bytes:
        """A struct statx."""
        links = 2 if self.mode & S_IFDIR == S_IFDIR else 1
        return _STATX.pack(
            *(STATX_BASIC, BLOCK, 0, links, USER, USER, self.mode, 0),
            *(self.inode, self.size, -(-self.size // SECTOR), 0),
            *(0, 0, 0) * 4,
            *(*self.device, 0, 1, 0),
        )


def inode_of(path: str) -> int:
    """A number that stands for the path."""
    return (
        int.from_bytes(blake2b(path.encode(errors="surrogateescape"), digest_size=6).digest(), "little") | 1
    )


def _device_number(device: tuple[int, int]) -> int:
    major, minor = device
    return (major << 8) | minor
