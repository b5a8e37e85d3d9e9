"""The operating system: plain Python, entered on traps, that decides events and changes nothing itself."""
