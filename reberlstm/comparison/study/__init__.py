"""Studies: many nets trained and compared, over seeds, sizes, cells and noise.

1. A `Trial` is one training with what is then asked of the net; `grid` lists those of a study.
2. `run` has them done by joblib, here or on a cluster, one record each.
3. A `Table` is the file of the records: appended to, safe under kills, and read on resuming.
4. `summary` counts records by setting.
"""

from reberlstm.comparison.study.running import Cluster, run
from reberlstm.comparison.study.summary import Group, summary
from reberlstm.comparison.study.table import Table
from reberlstm.comparison.study.trials import Questions, Trial, grid

__all__ = ["Cluster", "Group", "Questions", "Table", "Trial", "grid", "run", "summary"]
