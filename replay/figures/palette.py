"""Colours of figures: calm, on white, and told apart by the colour-blind (Paul Tol's muted scheme)."""

#: For threads, in order of their tids; more threads than colours begin again.
THREADS = (
    "#4477AA",
    "#CC6677",
    "#228833",
    "#AA7DBE",
    "#66B7C4",
    "#999933",
    "#882255",
    "#DDA05A",
    "#44AA99",
    "#6A6AA8",
)
READY = "#F3D98B"
BLOCKED = "#D9DCE1"
SWITCH = "#3B4252"
SUSPENDED = "#E3E6EA"
CURVE = "#5B6B82"
CURVE_FILL = "rgba(91,107,130,0.16)"
FINISHED = "#C3C8D0"
#: Frames that several processes have; and that an address has different ones in two of them.
SHARED = "#E1A730"
SHARED_FILL = "rgba(225,167,48,0.22)"
DIFFERENT = "#B0413E"
INK = "#2B303B"
FAINT = "#8A919E"
GRID = "#ECEFF3"
FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"


def thread_colour(position: int) -> str:
    """The colour of the thread that is number ``position`` by tid."""
    return THREADS[position % len(THREADS)]
