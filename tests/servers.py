"""Real servers that tests talk to: each a process of its own, on a port or socket that nobody else has."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from functools import cached_property
from pathlib import Path
from typing import Any

#: How long a server may take to answer at first, seconds.
PATIENCE = 60


class S3:
    """moto's S3 server. Any key is accepted, until `refuse`."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self._log = log
        with open(log, "wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        self._await_answer()
        self._filesystem.create_dir("bucket")

    def url(self, prefix: str, bucket: str = "bucket") -> str:
        """A URL as --files takes it."""
        return f"s3://{bucket}/{prefix}?endpoint_override={self.address}&scheme=http&region=us-east-1"

    def keys(self, prefix: str) -> list[str]:
        """The objects below a prefix, without the empty ones that stand for folders."""
        from pyarrow.fs import FileSelector

        below = FileSelector(f"bucket/{prefix}", recursive=True, allow_not_found=True)
        found = self._filesystem.get_file_info(below)
        return sorted(each.path.removeprefix("bucket/") for each in found if each.is_file)

    def get(self, key: str) -> bytes:
        """What an object holds."""
        with self._filesystem.open_input_file(f"bucket/{key}") as file:
            data: bytes = file.readall()
        return data

    def put(self, key: str, data: bytes) -> None:
        """Make or replace an object."""
        with self._filesystem.open_output_stream(f"bucket/{key}") as stream:
            stream.write(data)

    def delete(self, key: str) -> None:
        """Take an object away."""
        self._filesystem.delete_file(f"bucket/{key}")

    def refuse(self, wanted: bool) -> None:
        """Refuse all keys from here on, or none."""
        self._ask("/moto-api/reset-auth", b"0" if wanted else b"inf")

    def stop(self) -> None:
        """Go away, all objects with it."""
        self._process.kill()
        self._process.wait()

    @cached_property
    def _filesystem(self) -> Any:
        from pyarrow.fs import S3FileSystem

        where = {"endpoint_override": self.address, "scheme": "http", "region": "us-east-1"}
        return S3FileSystem(**where, allow_bucket_creation=True)

    def _await_answer(self) -> None:
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                self._ask("/moto-api/")
                return
            except urllib.error.URLError:
                if self._process.poll() is not None or time.monotonic() > ends:
                    raise RuntimeError(f"no S3 server: {self._log.read_text()}") from None
                time.sleep(0.05)

    def _ask(self, path: str, data: bytes | None = None) -> None:
        headers = {"Content-Type": "application/octet-stream"}
        request = urllib.request.Request(f"http://{self.address}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=PATIENCE):
            pass
