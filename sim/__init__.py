"""The machine that makes events: instruction set, harts, kernel, and the state that events fold into."""
