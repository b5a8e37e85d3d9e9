"""A filesystem of Arrow's that gives out Parquet files only if their footers are ones (`recorder.footer`).

Arrow's readers of many files open them when a query asks for them, and can't be told of one that would end
the process. So it is looked at when it is opened.
"""

from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa
from pyarrow.fs import FileSystem, FileSystemHandler, PyFileSystem

from recorder.footer import BadFooter, Footer

if TYPE_CHECKING:
    from collections.abc import Sequence


def checked(filesystem: FileSystem) -> PyFileSystem:
    """``filesystem``, for reading Parquet files. What is none raises OSError when it is opened."""
    return PyFileSystem(_Checked(filesystem))


class _Checked(FileSystemHandler):  # type: ignore[misc]
    def __init__(self, filesystem: FileSystem) -> None:
        self._filesystem = filesystem

    def get_type_name(self) -> str:
        return "checked"

    def normalize_path(self, path: str) -> str:
        normal: str = self._filesystem.normalize_path(path)
        return normal

    def get_file_info(self, paths: "Sequence[str]") -> Any:
        return self._filesystem.get_file_info(paths)

    def get_file_info_selector(self, selector: Any) -> Any:
        return self._filesystem.get_file_info(selector)

    def open_input_file(self, path: str) -> pa.NativeFile:
        file = self._filesystem.open_input_file(path)
        try:
            Footer(file).check()
        except BadFooter as error:
            raise OSError(f"{path}: {error}") from None
        return file

    def open_input_stream(self, path: str) -> pa.NativeFile:
        return self.open_input_file(path)

    def _refused(self, *_: object) -> NoReturn:
        raise OSError("nothing is written here")

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _refused
    delete_file = move = copy_file = open_output_stream = open_append_stream = _refused
