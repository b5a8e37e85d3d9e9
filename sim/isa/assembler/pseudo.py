"""The pseudo-instructions: one line each, as the assembly programmer's manual lists them.

``(syntax, expansion)``: the expansion's statements are separated by ``;`` and use the syntax's operand
names. ``.`` is the address of the statement it stands in. ``li`` is in `sim.isa.assembler.constants`,
since what it expands to depends on its value.
"""

_LOADS = ("lb", "lh", "lw", "ld", "lbu", "lhu", "lwu")
_STORES = ("sb", "sh", "sw", "sd")
#: Register forms that take an immediate as last operand too -> the instruction meant.
_IMMEDIATES = {
    "add": "addi", "addw": "addiw", "and": "andi", "or": "ori", "xor": "xori", "slt": "slti", "sltu": "sltiu",
    "sll": "slli", "srl": "srli", "sra": "srai", "sllw": "slliw", "srlw": "srliw", "sraw": "sraiw",
}  # fmt: skip

PSEUDO_INSTRUCTIONS: list[tuple[str, str]] = [
    ("nop", "addi zero,zero,0"),
    ("mv rd,rs", "addi rd,rs,0"),
    ("move rd,rs", "addi rd,rs,0"),
    ("not rd,rs", "xori rd,rs,-1"),
    ("neg rd,rs", "sub rd,zero,rs"),
    ("negw rd,rs", "subw rd,zero,rs"),
    ("sext.w rd,rs", "addiw rd,rs,0"),
    ("zext.b rd,rs", "andi rd,rs,255"),
    ("zext.w rd,rs", "add.uw rd,rs,zero"),
    ("seqz rd,rs", "sltiu rd,rs,1"),
    ("snez rd,rs", "sltu rd,zero,rs"),
    ("sltz rd,rs", "slt rd,rs,zero"),
    ("sgtz rd,rs", "slt rd,zero,rs"),
    ("sgt rd,rs,rt", "slt rd,rt,rs"),
    ("sgtu rd,rs,rt", "sltu rd,rt,rs"),
    ("beqz rs,target", "beq rs,zero,target"),
    ("bnez rs,target", "bne rs,zero,target"),
    ("blez rs,target", "bge zero,rs,target"),
    ("bgez rs,target", "bge rs,zero,target"),
    ("bltz rs,target", "blt rs,zero,target"),
    ("bgtz rs,target", "blt zero,rs,target"),
    ("bgt rs,rt,target", "blt rt,rs,target"),
    ("ble rs,rt,target", "bge rt,rs,target"),
    ("bgtu rs,rt,target", "bltu rt,rs,target"),
    ("bleu rs,rt,target", "bgeu rt,rs,target"),
    ("b target", "jal zero,target"),
    ("j target", "jal zero,target"),
    ("jal target", "jal ra,target"),
    ("jr rs", "jalr zero,0(rs)"),
    ("jr imm(rs)", "jalr zero,imm(rs)"),
    ("jr rs,imm", "jalr zero,imm(rs)"),
    ("jalr rs", "jalr ra,0(rs)"),
    ("jalr imm(rs)", "jalr ra,imm(rs)"),
    ("jalr rs,imm", "jalr ra,imm(rs)"),
    ("jalr rd,rs", "jalr rd,0(rs)"),
    ("jalr rd,rs,imm", "jalr rd,imm(rs)"),
    ("ret", "jalr zero,0(ra)"),
    ("call target", "auipc ra,%pcrel_hi(target); jalr ra,%pcrel_lo(.-4)(ra)"),
    ("call rd,target", "auipc t1,%pcrel_hi(target); jalr rd,%pcrel_lo(.-4)(t1)"),
    ("tail target", "auipc t1,%pcrel_hi(target); jalr zero,%pcrel_lo(.-4)(t1)"),
    ("jump target,rt", "auipc rt,%pcrel_hi(target); jalr zero,%pcrel_lo(.-4)(rt)"),
    ("la rd,target", "auipc rd,%pcrel_hi(target); addi rd,rd,%pcrel_lo(.-4)"),
    ("lla rd,target", "auipc rd,%pcrel_hi(target); addi rd,rd,%pcrel_lo(.-4)"),
    ("fence", "fence iorw,iorw"),
    ("pause", "fence w,0"),
    ("scall", "ecall"),
    ("sbreak", "ebreak"),
    ("unimp", "csrrw zero,cycle,zero"),
    ("rdcycle rd", "csrrs rd,cycle,zero"),
    ("rdtime rd", "csrrs rd,time,zero"),
    ("rdinstret rd", "csrrs rd,instret,zero"),
    ("csrr rd,csr", "csrrs rd,csr,zero"),
    ("csrw csr,rs", "csrrw zero,csr,rs"),
    ("csrs csr,rs", "csrrs zero,csr,rs"),
    ("csrc csr,rs", "csrrc zero,csr,rs"),
    ("csrw rs,csr", "csrrw zero,csr,rs"),
    ("csrs rs,csr", "csrrs zero,csr,rs"),
    ("csrc rs,csr", "csrrc zero,csr,rs"),
    ("csrwi csr,imm", "csrrwi zero,csr,imm"),
    ("csrsi csr,imm", "csrrsi zero,csr,imm"),
    ("csrci csr,imm", "csrrci zero,csr,imm"),
    ("csrw csr,imm", "csrrwi zero,csr,imm"),
    ("csrs csr,imm", "csrrsi zero,csr,imm"),
    ("csrc csr,imm", "csrrci zero,csr,imm"),
    ("csrrw rd,csr,imm", "csrrwi rd,csr,imm"),
    ("csrrs rd,csr,imm", "csrrsi rd,csr,imm"),
    ("csrrc rd,csr,imm", "csrrci rd,csr,imm"),
    ("frcsr rd", "csrrs rd,fcsr,zero"),
    ("fscsr rs", "csrrw zero,fcsr,rs"),
    ("fscsr rd,rs", "csrrw rd,fcsr,rs"),
    ("frsr rd", "csrrs rd,fcsr,zero"),
    ("fssr rs", "csrrw zero,fcsr,rs"),
    ("fssr rd,rs", "csrrw rd,fcsr,rs"),
    ("frrm rd", "csrrs rd,frm,zero"),
    ("fsrm rs", "csrrw zero,frm,rs"),
    ("fsrm rd,rs", "csrrw rd,frm,rs"),
    ("fsrmi imm", "csrrwi zero,frm,imm"),
    ("fsrmi rd,imm", "csrrwi rd,frm,imm"),
    ("frflags rd", "csrrs rd,fflags,zero"),
    ("fsflags rs", "csrrw zero,fflags,rs"),
    ("fsflags rd,rs", "csrrw rd,fflags,rs"),
    ("fsflagsi imm", "csrrwi zero,fflags,imm"),
    ("fsflagsi rd,imm", "csrrwi rd,fflags,imm"),
    ("fmv.x.s rd,fs", "fmv.x.w rd,fs"),
    ("fmv.s.x fd,rs", "fmv.w.x fd,rs"),
    ("c.nop", "c.nop 0"),
    ("c.slli64 rd", "c.slli rd,0"),
    ("c.srli64 rd'", "c.srli rd',0"),
    ("c.srai64 rd'", "c.srai rd',0"),
    ("push rs", "addi sp,sp,-8; sd rs,0(sp)"),
    ("pop rd", "ld rd,0(sp); addi sp,sp,8"),
]
PSEUDO_INSTRUCTIONS += [(f"{name} rd,rs,imm", f"{meant} rd,rs,imm") for name, meant in _IMMEDIATES.items()]
PSEUDO_INSTRUCTIONS += [
    (f"{load} rd,target", f"auipc rd,%pcrel_hi(target); {load} rd,%pcrel_lo(.-4)(rd)") for load in _LOADS
]
PSEUDO_INSTRUCTIONS += [
    (f"{store} rs,target,rt", f"auipc rt,%pcrel_hi(target); {store} rs,%pcrel_lo(.-4)(rt)")
    for store in _STORES
]
for _format in "sd":
    PSEUDO_INSTRUCTIONS += [
        (f"fmv.{_format} fd,fs", f"fsgnj.{_format} fd,fs,fs"),
        (f"fneg.{_format} fd,fs", f"fsgnjn.{_format} fd,fs,fs"),
        (f"fabs.{_format} fd,fs", f"fsgnjx.{_format} fd,fs,fs"),
        (f"fgt.{_format} rd,fs,ft", f"flt.{_format} rd,ft,fs"),
        (f"fge.{_format} rd,fs,ft", f"fle.{_format} rd,ft,fs"),
    ]
PSEUDO_INSTRUCTIONS += [
    (f"{name} {operand},target,rt", f"auipc rt,%pcrel_hi(target); {name} {operand},%pcrel_lo(.-4)(rt)")
    for name, operand in (("flw", "fd"), ("fld", "fd"), ("fsw", "fs"), ("fsd", "fs"))
]
