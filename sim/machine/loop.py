"""The machine's loop: harts, ticks, translation, and the rows that every retired instruction leaves.

Written once, as plain Python over arrays. The reference executor runs it as it stands; the compiled one
is this source with `execute` replaced by the meanings of all instructions (`sim.machine.executor`). In
each tick every running hart, in order of its number, retires at most one instruction. The loop leaves
on a trap: whatever needs the kernel.
"""

from sim.isa.arithmetic import wrap
from sim.isa.registers import A0, FCSR, PC, SP, WIDTH
from sim.machine.layout import (
    ACTION,
    ATOMIC,
    ATOMIC_WIDTH,
    CALL,
    CALLED,
    CAUSE,
    CAUSE_EVENTS,
    CAUSE_FETCH,
    CAUSE_ILLEGAL,
    CAUSE_LOAD,
    CAUSE_MISALIGNED,
    CAUSE_PROBE,
    CAUSE_STORE,
    CAUSE_TICK,
    CAUSE_WATCH,
    CHECKED,
    COST,
    CSR_WIDTH,
    FCSR_NUMBER,
    FIELDS,
    FLAGS,
    ILLEGAL,
    IMM,
    INSTRUCTION_WIDTH,
    LAST_ROUNDING,
    LENGTH,
    LINE_SHIFT,
    LOAD,
    NEXT_HART,
    OP,
    POPPED,
    PROBE,
    PROBE_WIDTH,
    PUSHED,
    RARE,
    RD,
    RECORDING,
    RETURN,
    RETURNED,
    RM,
    ROUNDS,
    RS1,
    RS2,
    RS3,
    SC,
    SEQ,
    SETS_FCSR,
    SIZE,
    STACK_WIDTH,
    STOP_SEQ,
    STOP_TICK,
    STORE,
    TICK,
    TLB_ENTRIES,
    TRAP,
    TRAP_ADDRESS,
    TRAP_CAUSE,
    TRAP_HART,
    VALUE,
    WATCHED,
)
from sim.machine.reference import execute, load_signed
from sim.thread import CALLS_KEPT


def run(
    state,
    row_of,
    tid_of,
    ready_at,
    retired_by,
    reserve,
    registers,
    calls,
    depth,
    told,
    code,
    fetch_tag,
    fetch_block,
    load_tag,
    store_tag,
    data_base,
    mem,
    dirty,
    instructions,
    atomics,
    stacks,
    probes,
    csrs,
    counts,
):
    """Run until a trap; the cause, hart and address are left in ``state`` (`sim.machine.layout`).

    Per hart, int64 [harts]: ``row_of`` (row of its thread in the bank), ``tid_of``, ``ready_at`` (first
    tick at which it may retire; far away when idle), ``retired_by``, ``reserve``. ``registers`` is the
    bank, flat. ``told``: int64 per row of the bank, 1 once the kernel has been told of the watched
    instruction that the thread is to execute. ``code``: int32, FIELDS per decoded halfword. The TLB arrays
    are flat, TLB_ENTRIES per hart. The rest are the world's memory and the segment's buffers, flat as well.
    """
    harts = len(row_of)
    span = len(instructions) // harts
    tick = state[TICK]
    seq = state[SEQ]
    stop_tick = state[STOP_TICK]
    stop_seq = state[STOP_SEQ]
    recording = state[RECORDING]
    h = state[NEXT_HART]
    soonest = stop_tick
    for other in range(h):
        if ready_at[other] < soonest:
            soonest = ready_at[other]
    watched = 0
    for other in range(harts):
        if reserve[other] >= 0:
            watched = 1
    cause = CAUSE_TICK
    trap_address = 0
    while tick < stop_tick:
        while h < harts:
            if ready_at[h] > tick:
                if ready_at[h] < soonest:
                    soonest = ready_at[h]
                h += 1
                continue
            if seq >= stop_seq:
                cause = CAUSE_EVENTS
                break
            row = row_of[h]
            xb = row * WIDTH
            pc = registers[xb + PC]
            page = pc >> 12
            slot = h * TLB_ENTRIES + (page & (TLB_ENTRIES - 1))
            if fetch_tag[slot] != page:
                cause = CAUSE_FETCH
                trap_address = pc
                break
            c = fetch_block[slot] + ((pc & 4095) >> 1) * FIELDS
            flags = code[c + FLAGS]
            if flags & CHECKED:
                if flags & ILLEGAL:
                    cause = code[c + TRAP_CAUSE]
                    trap_address = pc
                    break
                if flags & WATCHED and told[row] == 0:
                    cause = CAUSE_WATCH
                    trap_address = pc
                    break
                if flags & ROUNDS and registers[xb + FCSR] >> 5 > LAST_ROUNDING:
                    cause = CAUSE_ILLEGAL
                    trap_address = pc
                    break
            op = code[c + OP]
            rd = code[c + RD]
            rs1 = code[c + RS1]
            rs2 = code[c + RS2]
            imm = code[c + IMM]
            size = code[c + SIZE]
            link = pc + code[c + LENGTH]
            retired = retired_by[h]
            old_sp = registers[xb + SP]
            old_fcsr = registers[xb + FCSR]
            address = 0
            at = 0
            first_at = 0
            second_at = -1
            old = 0
            if flags & (LOAD | STORE | ATOMIC):
                address = wrap(registers[xb + rs1] + imm)
                page = address >> 12
                slot = h * TLB_ENTRIES + (page & (TLB_ENTRIES - 1))
                at = data_base[slot] + (address & 4095)
                if flags & LOAD:
                    if load_tag[slot] != page:
                        cause = CAUSE_LOAD
                        trap_address = address
                        break
                elif store_tag[slot] != page:
                    cause = CAUSE_STORE
                    trap_address = address
                    break
                if flags & ATOMIC and address & (size - 1):
                    cause = CAUSE_MISALIGNED
                    trap_address = address
                    break
                first_at = at
                if (address & 4095) + size > 4096:
                    # Crosses into another page: join the bytes in frame 0 and access them there.
                    page = (address + size - 1) >> 12
                    slot = h * TLB_ENTRIES + (page & (TLB_ENTRIES - 1))
                    present = load_tag[slot] == page if flags & LOAD else store_tag[slot] == page
                    if not present:
                        cause = CAUSE_LOAD if flags & LOAD else CAUSE_STORE
                        trap_address = page << 12
                        break
                    second_at = data_base[slot]
                    split = 4096 - (address & 4095)
                    for i in range(size):
                        mem[i] = mem[first_at + i] if i < split else mem[second_at + i - split]
                    at = 0
                if flags & ATOMIC:
                    old = load_signed(mem, at, size)
            registers[xb + PC] = link

            rs3 = code[c + RS3]
            rm = code[c + RM]
            execute(
                op, registers, xb, mem, at, rd, rs1, rs2, rs3, rm, imm, pc, link, h, reserve, tick, retired
            )

            retired_by[h] = retired + 1
            if flags & STORE:
                dirty[first_at >> 12] = 3
                if second_at >= 0:
                    dirty[second_at >> 12] = 3
                    split = 4096 - (address & 4095)
                    for i in range(size):
                        if i < split:
                            mem[first_at + i] = mem[i]
                        else:
                            mem[second_at + i - split] = mem[i]
                # A store takes away the other harts' reservations of the lines it wrote; an SC that
                # failed wrote none.
                if watched and not (flags & ATOMIC and code[c + ACTION] == SC and registers[xb + rd] != 0):
                    watched = 0
                    last_at = second_at if second_at >= 0 else first_at + size - 1
                    for other in range(harts):
                        if other != h:
                            line = reserve[other]
                            if line == first_at >> LINE_SHIFT or line == last_at >> LINE_SHIFT:
                                reserve[other] = -1
                        if reserve[other] >= 0:
                            watched = 1
            elif flags & ATOMIC:
                watched = 1
            ready_at[h] = tick + code[c + COST]
            if ready_at[h] < soonest:
                soonest = ready_at[h]
            if recording:
                n = counts[h]
                to = h * span + n * INSTRUCTION_WIDTH
                instructions[to] = seq
                instructions[to + 1] = tick
                instructions[to + 2] = tid_of[h]
                instructions[to + 3] = pc
                instructions[to + 4] = registers[xb + code[c + VALUE]]
                instructions[to + 5] = address
                counts[h] = n + 1
            seq += 1
            if flags & RARE:
                if flags & ATOMIC:
                    if recording:
                        n = counts[harts]
                        to = n * ATOMIC_WIDTH
                        atomics[to] = seq
                        atomics[to + 1] = tick
                        atomics[to + 2] = h
                        atomics[to + 3] = tid_of[h]
                        atomics[to + 4] = pc
                        atomics[to + 5] = code[c + ACTION]
                        atomics[to + 6] = address
                        atomics[to + 7] = size
                        atomics[to + 8] = old
                        atomics[to + 9] = load_signed(mem, at, size)
                        atomics[to + 10] = 1
                        if code[c + ACTION] == SC:
                            atomics[to + 10] = 1 - registers[xb + rd]
                        counts[harts] = n + 1
                    seq += 1
                sp = registers[xb + SP]
                action = -1
                if flags & CALL:
                    action = CALLED
                    level = depth[row]
                    if level < CALLS_KEPT:
                        calls[row, level, 0] = registers[xb + PC]
                        calls[row, level, 1] = link
                        calls[row, level, 2] = sp
                    depth[row] = level + 1
                elif flags & RETURN:
                    action = RETURNED
                    level = depth[row]
                    if level > CALLS_KEPT:
                        level -= 1
                    else:
                        while level > 0 and calls[row, level - 1, 2] < sp:
                            level -= 1
                        if level > 0 and calls[row, level - 1, 2] == sp:
                            level -= 1
                    depth[row] = level
                elif sp < old_sp:
                    action = PUSHED
                elif sp > old_sp:
                    action = POPPED
                if action >= 0:
                    if recording:
                        n = counts[harts + 1]
                        to = n * STACK_WIDTH
                        stacks[to] = seq
                        stacks[to + 1] = tick
                        stacks[to + 2] = h
                        stacks[to + 3] = tid_of[h]
                        stacks[to + 4] = pc
                        stacks[to + 5] = action
                        stacks[to + 6] = sp
                        stacks[to + 7] = old_sp
                        stacks[to + 8] = registers[xb + PC] if action >= CALLED else 0
                        stacks[to + 9] = link if action == CALLED else 0
                        stacks[to + 10] = registers[xb + A0] if action >= CALLED else 0
                        counts[harts + 1] = n + 1
                    seq += 1
                if flags & SETS_FCSR and registers[xb + FCSR] != old_fcsr:
                    if recording:
                        n = counts[harts + 3]
                        to = n * CSR_WIDTH
                        csrs[to] = seq
                        csrs[to + 1] = tick
                        csrs[to + 2] = h
                        csrs[to + 3] = tid_of[h]
                        csrs[to + 4] = pc
                        csrs[to + 5] = FCSR_NUMBER
                        csrs[to + 6] = registers[xb + FCSR]
                        counts[harts + 3] = n + 1
                    seq += 1
                if flags & WATCHED:
                    told[row] = 0
                if flags & PROBE:
                    if recording:
                        n = counts[harts + 2]
                        to = n * PROBE_WIDTH
                        probes[to] = seq
                        probes[to + 1] = tick
                        probes[to + 2] = h
                        probes[to + 3] = tid_of[h]
                        probes[to + 4] = pc
                        probes[to + 5] = imm
                        probes[to + 6] = registers[xb + rs1]
                        counts[harts + 2] = n + 1
                    seq += 1
                    if imm < 0:
                        cause = CAUSE_PROBE
                        trap_address = imm
                        h += 1
                        break
                if flags & TRAP:
                    cause = code[c + TRAP_CAUSE]
                    trap_address = pc
                    h += 1
                    break
            h += 1
        if cause != CAUSE_TICK:
            break
        h = 0
        tick = soonest
        soonest = stop_tick
    state[TICK] = tick
    state[SEQ] = seq
    state[CAUSE] = cause
    state[TRAP_HART] = h
    state[TRAP_ADDRESS] = trap_address
    state[NEXT_HART] = h
