"""From a net's state vectors back to a machine, and exactly what is known about it.

1. `Trajectories` runs words, from state vectors already visited; `Scope` says which are asked.
2. `Learner` has the hypothesis whose states no suffix seen so far splits any further.
3. Equivalence oracles look for a word on which net and hypothesis differ; each one found splits a
   state, until none is found or the budget ends. One of them tries `certify`, where it applies.
4. The verdict says what is known of net, machine and reference, two by two.
"""

from reberlstm.extraction.extracting import extract
from reberlstm.extraction.nets import RecurrentNet
from reberlstm.extraction.oracles import Budget
from reberlstm.extraction.verdict import Comparison, Extraction, Sample, StateReport

__all__ = ["Budget", "Comparison", "Extraction", "RecurrentNet", "Sample", "StateReport", "extract"]
