"""The catalog's tables. `recorder.catalog` writes and reads them; `migrations` brings older ones here."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from recorder.columntypes import Json, Words


class Base(DeclarativeBase):
    """All of the catalog."""

    type_annotation_map = {
        int: BigInteger,
        str: Words,
        datetime: DateTime,
        dict[str, Any]: Json,
        list[dict[str, Any]]: Json,
    }


class Program(Base):
    """A program that some run ran, by the sha256 of its ELF image."""

    __tablename__ = "programs"

    sha: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    path: Mapped[str]
    bytes: Mapped[int]


class Run(Base):
    """See `recorder.run.RunRow`. ``program`` is that of process 1, ``owner`` is the process that records it
    (`recorder.owner`)."""

    __tablename__ = "runs"
    __table_args__ = (Index("ix_runs_created", "created"), Index("ix_runs_name", "name"))

    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str]
    program: Mapped[str]
    program_sha: Mapped[str] = mapped_column(ForeignKey("programs.sha"))
    created: Mapped[datetime]
    options: Mapped[dict[str, Any]]
    store: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]
    exit_status: Mapped[int | None]
    events: Mapped[int]
    ticks: Mapped[int]
    bytes: Mapped[int]
    directory: Mapped[str]
    event_version: Mapped[int]
    owner: Mapped[str]
    digest: Mapped[str] = mapped_column(String(32), server_default="")
    fold_version: Mapped[int] = mapped_column(server_default="0")
    files: Mapped[str] = mapped_column(server_default="")
    detail: Mapped[str] = mapped_column(server_default="full")
    compression: Mapped[str] = mapped_column(server_default="zstd")
    seal: Mapped[str] = mapped_column(server_default="")
    closing: Mapped[str] = mapped_column(server_default="")


class RunProgram(Base):
    """What a process ran that the run began with beside the first."""

    __tablename__ = "run_programs"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    pid: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    path: Mapped[str]
    sha: Mapped[str] = mapped_column(ForeignKey("programs.sha"))


class Segment(Base):
    """See `recorder.run.SegmentRow`; ``pieces`` is a list of `recorder.run.Piece` as objects."""

    __tablename__ = "segments"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_seq: Mapped[int]
    end_seq: Mapped[int]
    first_tick: Mapped[int]
    end_tick: Mapped[int]
    bytes: Mapped[int]
    pieces: Mapped[list[dict[str, Any]]]
    chain: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(32), server_default="")


class Snapshot(Base):
    """See `recorder.run.SnapshotRow`."""

    __tablename__ = "snapshots"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    tick: Mapped[int]
    file: Mapped[str]
    bytes: Mapped[int]
    fold_version: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
