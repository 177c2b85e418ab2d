"""Nets that learn from words, by back-propagation: the counterpart of the hand-wired ones.

1. `reberlstm.machine.tables` draws words from a machine and tells what is right after each symbol.
2. `cells` are the LSTM, the GRU and the simple RNN, for any number of nets at once.
3. `objective` is what is made small: the loss on words, and the share of wrong answers.
4. `enclosure` adds, for nets that are to be proved, how far steps lead out of boxes.
5. `run` is a training step by step, with attempts and checks; `training` goes through it and
   writes checkpoints.
6. `soft_machine` and `machine_run` train a machine itself in the same way.

PyTorch is needed, and imported only by what trains.
"""
