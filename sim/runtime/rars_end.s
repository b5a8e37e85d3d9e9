# A program for RARS that runs into the end of its code has ended.

dropped_off_bottom:
        li      a7, 10
        ecall
