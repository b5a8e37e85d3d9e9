/* simrec.h: probes in C and C++ programs that simrec runs.

   A probe is an instruction (slti x0, rs, number: a HINT, which real hardware runs as a nop) that the
   recording keeps as an event with a number and a value, at the cost of one tick. simrec stats counts them
   by name; simrec events --kind probe lists them. On other machines probes do nothing.

       #include <simrec.h>

       SIMREC_PROBE_NAME(requests, 1);        // once, at file scope: 0 to 2047
       ...
       SIMREC_PROBE(requests, count);         // or SIMREC_PROBE(1, count)
*/
#ifndef SIMREC_H
#define SIMREC_H

#if defined(__riscv) && __riscv_xlen == 64

#define SIMREC_PROBE(number, value) \
    __asm__ volatile("slti x0, %0, %1" : : "r"((long)(value)), "i"(number))

/* An absolute symbol probe.NAME, as the assembler's `probe NAME, reg` leaves one. */
#define SIMREC_PROBE_NAME(name, number) \
    enum { name = (number) };           \
    __asm__(".set probe." #name ", " SIMREC_TEXT(number))

#define SIMREC_TEXT(number) SIMREC_TEXT_(number)
#define SIMREC_TEXT_(number) #number

#else

#define SIMREC_PROBE(number, value) ((void)(number), (void)(value))
#define SIMREC_PROBE_NAME(name, number) enum { name = (number) }

#endif

#endif
