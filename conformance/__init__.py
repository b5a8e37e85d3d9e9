"""The official RISC-V suites, run from a folder: ``python -m conformance PATH``."""
