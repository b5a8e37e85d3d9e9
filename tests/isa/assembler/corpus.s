 nop
 mv a0,a1
 move a0,a1
 not a0,a1
 neg a0,a1
 negw a0,a1
 sext.b a0,a1
 sext.h a0,a1
 sext.w a0,a1
 zext.b a0,a1
 zext.h a0,a1
 zext.w a0,a1
 seqz a0,a1
 snez a0,a1
 sltz a0,a1
 sgtz a0,a1
 sgt a0,a1,a2
 sgtu a0,a1,a2
1: beqz a0,1b
 bnez a0,1f
 blez a0,1b
 bgez a0,1b
 bltz a0,1b
 bgtz a0,1b
 bgt a0,a1,1f
 ble a0,a1,1f
 bgtu a0,a1,1f
 bleu a0,a1,1f
1: j 1b
 j 1f
 jal 1b
 jal t0,1b
 jr a0
 jr 4(a0)
 jr a0,4
 jalr a0
 jalr 4(a0)
 jalr a0,4
 jalr a0,a1
 jalr a0,a1,4
 jalr a0,4(a1)
 jalr a0,(a1)
 jr (a0)
 ret
 call 1b
 call t0,1b
 tail 1b
 jump 1b,t3
1: fence
 fence rw,w
 fence i,o
 fence.i
 fence.tso
 pause
 ecall
 ebreak
 scall
 sbreak
 unimp
 rdcycle a0
 rdtime a1
 rdinstret a2
 csrr a0,cycle
 csrr a0,0xc01
 csrw cycle,a0
 csrs time,a0
 csrc time,a0
 csrwi time,3
 csrsi time,3
 csrci time,3
 csrw time,3
 csrs time,3
 csrc time,3
 csrrw a0,time,3
 csrrs a0,time,a3
 csrrs a0,time,3
 csrrc a0,time,3
 csrrwi a0,time,31
 add a0,a1,4
 addw a0,a1,4
 and a0,a1,4
 or a0,a1,4
 xor a0,a1,4
 slt a0,a1,4
 sltu a0,a1,4
 sll a0,a1,4
 srl a0,a1,4
 sra a0,a1,44
 sllw a0,a1,4
 srlw a0,a1,4
 sraw a0,a1,4
 lr.w a0,(a1)
 lr.d.aq a0,0(a1)
 sc.d.rl a0,a2,(a1)
 amoadd.w.aqrl a0,a1,(a2)
 amoswap.d a0,a1,0(a2)
 la a0,x
 lla a0,x
 lb a0,x
 lh a0,x
 lw a0,x
 ld a0,x
 lbu a0,x
 lhu a0,x
 lwu a0,x
 sb a0,x,t0
 sh a0,x,t0
 sw a0,x,t0
 sd a0,x+4,t0
 lui a0,%hi(x)
 addi a0,a0,%lo(x)
 lw a0,%lo(x+4)(a0)
 sw a0,%lo(x)(a0)
2: auipc a0,%pcrel_hi(x)
 ld a1,%pcrel_lo(2b)(a0)
 sd a1,%pcrel_lo(2b)(a0)
 addi a1,a0,%pcrel_lo(2b)
 lui a0,0xfffff
 auipc a0,0x12345
 lw a0,(sp)
 lw fp,-4(s0)
 lw x31,2047(x0)
 slti x0,a0,-5   # a probe by hand
 slti x0,a0,5    # another
 li a0, 'a' /* a character */
 nop; nop ; nop
 fmv.s ft0,fa1
 fneg.s fs0,f31
 fabs.s f1,ft11
 fgt.s a0,fa0,fa1
 fge.s a0,fa0,fa1
 fadd.s fa0,fa1,fa2
 fmadd.s fa0,fa1,fa2,fa3,rtz
 fsqrt.s fa0,fa1
 fcvt.w.s a0,fa0
 fcvt.lu.s a0,fa0,rup
 fmv.d ft0,fa1
 fneg.d fs0,f31
 fabs.d f1,ft11
 fgt.d a0,fa0,fa1
 fge.d a0,fa0,fa1
 fadd.d fa0,fa1,fa2
 fmadd.d fa0,fa1,fa2,fa3,rtz
 fsqrt.d fa0,fa1
 fcvt.w.d a0,fa0
 fcvt.lu.d a0,fa0,rup
 fmv.x.s a0,fa0
 fmv.s.x fa0,a0
 fmv.x.d a0,fa0
 fmv.d.x fa0,a0
 fcvt.d.s fa0,fa1
 fcvt.s.d fa0,fa1
 fcvt.d.w fa0,a1
 fcvt.d.wu fa0,a1
 fcvt.d.l fa0,a1
 flw fa0,x,t0
 fld fa0,x,t0
 fsw fa0,x,t0
 fsd fs11,x,t6
 flw fa0,(a0)
 fsd fa0,%lo(x)(a0)
 frcsr a0
 fscsr a0
 fscsr a0,a1
 frsr a0
 fssr a0
 fssr a0,a1
 frrm a0
 fsrm a0
 fsrm a0,a1
 fsrmi 3
 fsrmi a0,4
 frflags a0
 fsflags a0
 fsflags a0,a1
 fsflagsi 31
 fsflagsi a0,1
 csrr a0,fcsr
 csrwi frm,2
 csrrc a0,fflags,a1
 .data
 .word 1
x: .dword 5, x, x+4, y-x
 .half 3
 .byte 'a','\n','"', '#', ';'
 .string "hi\x41\101\t# no comment; no end","b"
 .align 3
 .ascii "no"
 .balign 16,7
 .fill 3,2,0x1234
 .fill 2,8,-1
 .zero 5
 .space 3,9
 .skip 2
y: .word (3+4)*2, 7-2*3, -7/2, -7%3, 1<<4, 0xf0>>4, ~5, !5, !0, 3==3, 3!=3, 2<3, 3>2, 1&&2, 0||0, 6&3, 6|3, 6^3
 .word 0b101, 017, 0x1F
 .dword -8>>1
 .section .rodata
 .word x-x, _start
 .2byte 5
 .4byte 5
 .8byte 5
 .short 1
 .long 2
 .quad 3
 .section .rodata.str1.8,"aMS",@progbits,1
 .align 3
 .string "merged"
 .bss
 .space 100
