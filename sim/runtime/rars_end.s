# rars_end.s - the end of a program for RARS that runs off the end of its code.
#
# It is linked behind such a program (--abi rars) and has no state.

dropped_off_bottom:
        li      a7, 10                  # RARS's Exit
        ecall
