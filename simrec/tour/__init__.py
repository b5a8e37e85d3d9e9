"""The tour of lessons: programs whose recordings are measured, and the figures of what was measured."""
