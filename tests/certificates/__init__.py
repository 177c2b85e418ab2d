"""Certificates: the law first, against oracles that share no code with the search."""
