"""Encoder and decoder: inverse to each other, and never in doubt about a word."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.isa import BY_MNEMONIC, INSTRUCTIONS, Instruction, decode
from sim.isa.compressed import COMPRESSED
from sim.isa.decoder import CSRS, READ_ONLY


def operands_of(row: Instruction) -> st.SearchStrategy[dict[str, int]]:
    fields = {}
    for name, field in row.fields.items():
        low, high = field.bounds
        fields[name] = st.integers(low >> field.low, high >> field.low).map(lambda v, f=field: v << f.low)
    return st.fixed_dictionaries(fields)


@pytest.mark.parametrize("row", INSTRUCTIONS, ids=lambda row: row.mnemonic)
def test_decoding_what_was_encoded_gives_it_back(row: Instruction) -> None:
    @given(operands_of(row))
    @settings(max_examples=60, deadline=None)
    def check(operands: dict[str, int]) -> None:
        word = row.encode(operands)
        assert 0 <= word < 1 << 32
        decoded = decode(word)
        if "csr" in row.fields:
            writes = row.mnemonic.startswith("csrrw") or operands.get("rs1", operands.get("zimm"))
            exists = operands["csr"] in CSRS
            assert (decoded is not None) == (exists and not (writes and operands["csr"] >= READ_ONLY))
        if "rm" in row.fields:
            assert (decoded is not None) == (operands["rm"] not in (5, 6))
        if decoded is None:
            assert "csr" in row.fields or "rm" in row.fields
            return
        assert decoded is not None
        if row.mnemonic == "slti" and operands["rd"] == 0:
            assert decoded.instruction.mnemonic == "probe"
            return
        if row.mnemonic == "fence" and decoded.instruction.mnemonic == "fence.tso":
            raise AssertionError("fence has fm = 0, fence.tso 8")
        assert decoded.instruction is row
        assert decoded.operands == operands

    check()


def test_no_two_rows_match_one_word_but_probe_and_slti() -> None:
    both = {
        (a.mnemonic, b.mnemonic)
        for a in INSTRUCTIONS
        for b in INSTRUCTIONS
        if a.number < b.number and (a.match ^ b.match) & a.mask & b.mask == 0
    }
    assert both == {("slti", "probe")}


@given(st.integers(0, (1 << 32) - 1))
@settings(max_examples=2000, deadline=None)
def test_any_word_decodes_to_a_row_that_encodes_it_or_to_none(word: int) -> None:
    decoded = decode(word)
    if word & 3 != 3:
        assert decoded is None or (decoded.length, decoded.word) == (2, word & 0xFFFF)
    elif decoded is not None:
        assert decoded.length == 4
        assert decoded.instruction.encode(decoded.operands) == word
    else:
        matching = [row for row in INSTRUCTIONS if word & row.mask == row.match]
        assert all("csr" in row.fields or "rm" in row.fields for row in matching)


def test_every_halfword_decodes_to_a_form_that_encodes_it_or_is_reserved() -> None:
    for half in range(1 << 16):
        if half & 3 == 3:
            continue
        matching = [row for row in COMPRESSED if half & row.mask == row.match]
        decoded = decode(half)
        if decoded is None:
            assert all(row.expand(half) is None for row in matching)
            continue
        row = decoded.compressed
        assert row in matching
        assert row.encode({name: field.extract(half) for name, field in row.fields.items()}) == half
        assert decoded.instruction is row.base


@pytest.mark.parametrize(
    ("half", "expansion"),
    [
        (0x0000, None),  # defined illegal
        (0x0001, ("addi", {"rd": 0, "rs1": 0, "imm": 0})),
        (0x1101, ("addi", {"rd": 2, "rs1": 2, "imm": -32})),
        (0x6101, None),  # c.addi16sp of 0
        (0x7139, ("addi", {"rd": 2, "rs1": 2, "imm": -64})),
        (0x0808, ("addi", {"rd": 10, "rs1": 2, "imm": 16})),
        (0x4505, ("addi", {"rd": 10, "rs1": 0, "imm": 1})),
        (0x757D, ("lui", {"rd": 10, "imm": -4096})),
        (0x6505, ("lui", {"rd": 10, "imm": 4096})),
        (0x8082, ("jalr", {"rd": 0, "rs1": 1, "imm": 0})),
        (0x8002, None),  # c.jr x0
        (0x9002, ("ebreak", {})),
        (0x9502, ("jalr", {"rd": 1, "rs1": 10, "imm": 0})),
        (0x852E, ("add", {"rd": 10, "rs1": 0, "rs2": 11})),
        (0xEC06, ("sd", {"rs1": 2, "rs2": 1, "imm": 24})),
        (0x60E2, ("ld", {"rd": 1, "rs1": 2, "imm": 24})),
        (0x4002, None),  # c.lwsp x0
        (0xBFFD, ("jal", {"rd": 0, "offset": -2})),
        (0xDD7D, ("beq", {"rs1": 10, "rs2": 0, "offset": -2})),
        (0x2108, ("fld", {"fd": 10, "rs1": 10, "imm": 0})),
        (0x8D8D, ("sub", {"rd": 11, "rs1": 11, "rs2": 11})),
        (0x1577, None),
    ],
)
def test_known_compressed_words(half: int, expansion: tuple[str, dict[str, int]] | None) -> None:
    """As GNU objdump -M no-aliases reads them."""
    decoded = decode(half)
    if expansion is None:
        assert decoded is None
    else:
        assert decoded is not None
        assert (decoded.instruction.mnemonic, decoded.operands) == expansion


@pytest.mark.parametrize("word", [0, 0xFFFFFFFF, 0x1050_0073, 0x3020_0073])
def test_zero_ones_and_privileged_words_are_illegal(word: int) -> None:
    assert decode(word) is None


@pytest.mark.parametrize("number", [0x000, 0x004, 0x300, 0xC03, 0xC80, 0xFFF])
def test_other_csrs_are_illegal(number: int) -> None:
    assert decode(BY_MNEMONIC["csrrs"][0].encode({"rd": 5, "csr": number})) is None


@pytest.mark.parametrize("name", ["csrrs", "csrrc", "csrrsi", "csrrci"])
def test_counters_may_be_read_but_not_written(name: str) -> None:
    (row,) = BY_MNEMONIC[name]
    source = "zimm" if name.endswith("i") else "rs1"
    for number in CSRS:
        assert decode(row.encode({"rd": 5, "csr": number, source: 0})) is not None
        written = decode(row.encode({"rd": 5, "csr": number, source: 1}))
        assert (written is None) == (CSRS[number] in ("cycle", "time", "instret"))


def test_known_words() -> None:
    """Words from the manual's examples and GNU as, so that encoder and decoder aren't wrong together."""
    known = {
        0x00000013: ("addi", {"rd": 0, "rs1": 0, "imm": 0}),
        0xFFF50513: ("addi", {"rd": 10, "rs1": 10, "imm": -1}),
        0x00A5B023: ("sd", {"rs1": 11, "rs2": 10, "imm": 0}),
        0xFEA5BC23: ("sd", {"rs1": 11, "rs2": 10, "imm": -8}),
        0xFE000EE3: ("beq", {"rs1": 0, "rs2": 0, "offset": -4}),
        0xFFDFF06F: ("jal", {"rd": 0, "offset": -4}),
        0x00008067: ("jalr", {"rd": 0, "rs1": 1, "imm": 0}),
        0x800000B7: ("lui", {"rd": 1, "imm": -(1 << 31)}),
        0x43F55513: ("srai", {"rd": 10, "rs1": 10, "shamt": 63}),
        0x1005A52F: ("lr.w", {"rd": 10, "rs1": 11, "aq": 0, "rl": 0}),
        0x0EC5B52F: ("amoswap.d", {"rd": 10, "rs1": 11, "rs2": 12, "aq": 1, "rl": 1}),
        0x0FF0000F: ("fence", {"pred": 15, "succ": 15}),
        0xC0202573: ("csrrs", {"rd": 10, "csr": 0xC02, "rs1": 0}),
    }
    for word, (mnemonic, operands) in known.items():
        decoded = decode(word)
        assert decoded is not None
        assert (decoded.instruction.mnemonic, decoded.operands) == (mnemonic, operands)
