"""Why an LSTM does not learn: ten symptoms, each shown on a small net, with what mends it.

`find` finds a symptom by the words that people type, `show` trains its nets in a few seconds.
"""

from reberlstm.lab.symptoms.known import SYMPTOMS, find
from reberlstm.lab.symptoms.symptom import Shown, Symptom, first_column, results, show

__all__ = ["SYMPTOMS", "Shown", "Symptom", "find", "first_column", "results", "show"]
