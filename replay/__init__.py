"""Reading the log: the state at any event, and what analyses make of it."""
