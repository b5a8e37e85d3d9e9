"""How ``li`` builds a constant: the sequences that GNU as emits."""

from sim.isa.assembler.expressions import signed

#: (mnemonic, operand): every step works on the destination alone, the first from zero.
Step = tuple[str, int]


def constant_steps(value: int) -> list[Step]:
    """The steps that load ``value``: ``addi`` alone, ``lui`` and ``addiw``, or those and shifts."""
    value = signed(value)
    if -2048 <= value < 2048:
        return [("addi", value)]
    return _wide_steps(value)


def _wide_steps(value: int) -> list[Step]:
    low = ((value & 0xFFF) ^ 0x800) - 0x800
    upper = signed(value - low)
    if -(1 << 31) <= value < 1 << 31:
        steps = [("lui", (upper >> 12) & 0xFFFFF)] if upper else []
        return steps + ([("addiw", low)] if low or not upper else [])
    shift = 12
    while not (upper >> shift) & 1:
        shift += 1
    steps = [*_wide_steps(upper >> shift), ("slli", shift)]
    return steps + ([("addi", low)] if low else [])
