"""Real servers that tests talk to: each a process of its own, on a port or socket that nobody else has."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

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
        self._ask("PUT", "/bucket")

    def url(self, prefix: str, bucket: str = "bucket") -> str:
        """A URL as --files takes it."""
        return f"s3://{bucket}/{prefix}?endpoint_override={self.address}&scheme=http&region=us-east-1"

    def keys(self, prefix: str) -> list[str]:
        """The objects below a prefix, without the empty ones that stand for folders."""
        from pyarrow.fs import FileSelector, FileSystem

        filesystem, path = FileSystem.from_uri(self.url(prefix))
        found = filesystem.get_file_info(FileSelector(path, recursive=True, allow_not_found=True))
        return sorted(each.path.removeprefix("bucket/") for each in found if each.is_file)

    def get(self, key: str) -> bytes:
        """What an object holds."""
        return self._ask("GET", f"/bucket/{key}")

    def put(self, key: str, data: bytes) -> None:
        """Make or replace an object."""
        self._ask("PUT", f"/bucket/{key}", data)

    def delete(self, key: str) -> None:
        """Take an object away."""
        self._ask("DELETE", f"/bucket/{key}")

    def refuse(self, wanted: bool) -> None:
        """Refuse all keys from here on, or none."""
        self._ask("POST", "/moto-api/reset-auth", b"0" if wanted else b"inf")

    def stop(self) -> None:
        """Go away, all objects with it."""
        self._process.kill()
        self._process.wait()

    def _await_answer(self) -> None:
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                self._ask("GET", "/moto-api/")
                return
            except urllib.error.URLError:
                if self._process.poll() is not None or time.monotonic() > ends:
                    raise RuntimeError(f"no S3 server: {self._log.read_text()}") from None
                time.sleep(0.05)

    def _ask(self, method: str, path: str, data: bytes | None = None) -> bytes:
        headers = {"Content-Type": "application/octet-stream"}
        request = urllib.request.Request(
            f"http://{self.address}{path}", data=data, method=method, headers=headers
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            body: bytes = answer.read()
        return body
