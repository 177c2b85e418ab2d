"""``python -m reberlstm`` is the program ``reberlstm``."""

from reberlstm.cli import main

main()
