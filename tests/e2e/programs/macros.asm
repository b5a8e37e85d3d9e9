# macros.asm - a macro in RARS's form and two in GNU's; exits with 42.
.eqv EXIT_GROUP, 94
.macro save(%r)
        addi sp, sp, -8
        sd %r, 0(sp)
.end_macro
.macro restore reg
        ld \reg, 0(sp)
        addi sp, sp, 8
.endm
.macro times n, reg
        .rept \n
        slli \reg, \reg, 1
        .endr
.endm
        .globl main
main:   save(ra)
        li a0, 5
        times 3, a0
        call print_int
        call print_newline
        restore ra
        li a0, 40
        addi a0, a0, 2
        li a7, EXIT_GROUP
        ecall
