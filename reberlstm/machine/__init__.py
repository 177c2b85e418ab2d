"""The finite-state machine: a frozen value, its tables, and the algorithms on it."""
