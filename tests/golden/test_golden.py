"""The golden logs are what the commands print today; `make golden` writes them anew."""

from regenerate import HERE, documents


def test_golden_logs() -> None:
    found = dict(documents())
    for path, text in found.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: `make golden` shows what changed"
    assert set(HERE.glob("*.txt")) == set(found)
