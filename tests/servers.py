"""Real servers that tests talk to: each a process of its own, on a port or socket that nobody else has."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from functools import cached_property
from pathlib import Path
from typing import Any

#: Whom PostgreSQL runs as where root tests.
SERVANT = ("nobody", "nogroup")
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


class Postgres:
    """A PostgreSQL server of the newest version that is installed, as a user that it agrees to run as."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        # Below /tmp itself: whoever runs the server has to get there, and a socket's path has to be short.
        self._folder = Path(tempfile.mkdtemp(prefix="simrec-postgres-"))
        self._log = self._folder / "log"
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(self._folder, *SERVANT)
        data = self._folder / "data"
        self._run("initdb", "-D", data, "-A", "trust", "-U", "simrec", "-E", "UTF8", "--locale=C", "-N")
        settings = {"listen_addresses": "", "unix_socket_directories": self._folder, "fsync": "off"}
        chosen = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._command = self._as_servant("postgres", "-D", data, *chosen)
        self.start()

    @classmethod
    def find(cls) -> Path | None:
        """The directory of the programs; None if there are none."""
        found = shutil.which("postgres")
        if found:
            return Path(found).parent
        installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
        return max(installed, key=lambda path: int(path.parent.name), default=None)

    def new_database(self) -> str:
        """The URL of an empty one."""
        self._databases += 1
        name = f"test_{self._databases}"
        with self._connected("postgres") as connection:
            connection.execute(f"create database {name}")
        return f"postgresql://simrec@/{name}?host={self._folder}"

    def start(self) -> None:
        """Begin, or go on after `stop`; nothing if it runs."""
        import psycopg

        if self._process is not None:
            return
        with open(self._log, "ab") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                self._connected("postgres").close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > ends:
                    raise RuntimeError(f"no PostgreSQL server: {self._log.read_text()}") from None
                time.sleep(0.05)

    def stop(self) -> None:
        """End at once; committed transactions stay."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End, and leave nothing."""
        self.stop()
        shutil.rmtree(self._folder)

    def _connected(self, database: str) -> Any:
        import psycopg

        return psycopg.connect(dbname=database, user="simrec", host=str(self._folder), autocommit=True)

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(self._as_servant(program, *arguments), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def _as_servant(self, program: str, *arguments: object) -> list[str]:
        """PostgreSQL refuses to run as root."""
        command = [str(self._programs / program), *map(str, arguments)]
        if os.geteuid() != 0:
            return command
        user, group = SERVANT
        return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *command]
