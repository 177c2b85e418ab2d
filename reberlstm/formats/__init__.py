"""Automaton file formats: one module each, with `read(text, where)` and `write(fsm)`."""
