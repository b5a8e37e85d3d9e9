"""What nice values weigh, as in Linux: each step is about 1.25 times the weight, so that a thread that is one
nicer than another gets about 10 % less of the time that both want."""

#: The weights of nice -20 to 19: sched_prio_to_weight of Linux (kernel/sched/core.c).
WEIGHTS = (
    *(88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916),
    *(9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277),
    *(1024, 820, 655, 526, 423, 335, 272, 215, 172, 137),
    *(110, 87, 70, 56, 45, 36, 29, 23, 18, 15),
)
#: The weight of nice 0.
NICE_0 = 1024


def weight(nice: int) -> int:
    """The weight of a nice value, -20 to 19."""
    return WEIGHTS[nice + 20]
