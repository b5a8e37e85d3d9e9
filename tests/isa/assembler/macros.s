.macro m a, b=3, c
 addi \a, \a, \b
 .ifnb \c
 li a0, \c
 .endif
lab\@: j lab\@
.endm
 m a0
 m a1, 4
 m a2 5 6
 m b=7, a=a3
 m a0, , 3+ 4
 m a0, -1 , (1 + 2)
.macro s x:req, y:vararg
 .ascii "\x"
 .byte \y
 .endm
.macro widen op, suffix
 \op\suffix a0, (a1)
 \op\().d.aq a0, (a1)
.endm
 widen lr .w
.macro stop n
 .if \n
 nop
 .exitm
 .endif
 ret
.endm
 stop 0
 stop 1
 .data
 s "hey you", 1, 2,3
 .rept 3
 .word .
 .endr
 .irp r, 1,2,3
 .byte \r
 .endr
 .irpc q,123
 .byte \q
 .endr
 .set k, 0
 .rept 4
 .byte k
 .set k, k+1
 .endr
 .macro rec n
 .byte \n
 .if \n
 rec "(\n-1)"
 .endif
 .endm
 rec 4
 .if 0
 this is not assembled at all, whatever [it] says
 .elseif 1
 .byte 1
 .else
 .byte 2
 .endif
 .ifdef k
 .byte 3
 .endif
 .ifndef k
 .byte 4
 .else
 .if k > 3
 .byte 5
 .endif
 .endif
 .ifc abc, abc
 .byte 6
 .endif
 .rept 2
 .irp v, 7, 8
 .byte \v
 .endr
 .endr
