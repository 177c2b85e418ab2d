"""Nets: layers of cells over symbols, heads with a rule, and the files that hold them."""
