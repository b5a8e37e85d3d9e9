"""How the catalog's columns keep texts and JSON, alike in every database.

PostgreSQL takes no NUL in a text and no lone surrogate in JSON, and no database takes lone surrogates in a
text; but file names, arguments and error messages can have all of them.
"""

import json
from typing import Any

from sqlalchemy import JSON, Dialect, Text, TypeDecorator
from sqlalchemy.types import TypeEngine


class Words(TypeDecorator[str]):
    """Text to be read: what no database can keep is escaped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """NULs and lone surrogates as escapes."""
        if value is None:
            return None
        return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


class Json(TypeDecorator[Any]):
    """Lists and dictionaries, exactly, as ASCII text."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite's JSON type is text, and is what its older catalogs have."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(JSON())
        return super().load_dialect_impl(dialect)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """SQLAlchemy's own JSON type encodes for itself."""
        return value if dialect.name == "sqlite" else json.dumps(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """The same."""
        return value if dialect.name == "sqlite" else json.loads(value)
