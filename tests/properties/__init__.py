"""Laws that hold for every machine, tried on random ones."""
