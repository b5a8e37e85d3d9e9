"""What the table says about instructions against the meanings' source."""

import ast

import pytest

from sim.isa import INSTRUCTIONS, Instruction


@pytest.mark.parametrize("row", INSTRUCTIONS, ids=lambda row: row.mnemonic)
def test_what_a_meaning_names_it_assigns(row: Instruction) -> None:
    """Also those that read fcsr, for rounding or as a CSR: they may all set it."""
    assigned = {
        node.slice.id
        for node in ast.walk(ast.Module(row.body, []))
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
        if isinstance(node.slice, ast.Name)
    }
    assert row.writes == assigned & {"rd", "fd", "PC", "FCSR"}
