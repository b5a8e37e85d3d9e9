"""How a run is kept: what a user chooses of that, on its way from the command line to the catalog's row."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Keeping:
    """``store`` is one of `recorder.store.STORES`, ``name`` to find the run by, ``files`` the URL below which
    its files go, "" where the catalog's go anyway; ``detail`` how much of it is stored (`recorder.detail`),
    ``compression`` how Parquet's pages are (`recorder.schema.COMPRESSIONS`)."""

    store: str = "parquet"
    name: str = ""
    files: str = ""
    detail: str = "full"
    compression: str = "zstd"


#: As runs are kept of which nothing is said.
USUAL = Keeping()
