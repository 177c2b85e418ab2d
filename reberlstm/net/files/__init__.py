"""One module per kind of file that holds a net."""
