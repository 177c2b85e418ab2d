"""From a net's memory back to a machine, and exactly what is known about it.

1. `Subject` puts any net behind one interface.
2. `Trajectories` runs words from memories already visited.
3. `Hypothesis` is the machine whose states no suffix seen so far splits any further.
4. The searches of `reberlstm.extraction.search` look for a word on which net and machine differ;
   each one found splits a state, until none is found or the budget ends.
5. `certify`, where it applies, proves what the searches could not refute.

There is no verdict "successful": see `reberlstm.extraction.verdict`.
"""

from reberlstm.extraction.extracting import extract
from reberlstm.extraction.search import Budget
from reberlstm.extraction.subject import RecurrentNet
from reberlstm.extraction.verdict import Comparison, Extraction, StateReport

__all__ = ["Budget", "Comparison", "Extraction", "RecurrentNet", "StateReport", "extract"]
