"""Nets that learn from words, by back-propagation: the counterpart of the hand-wired ones.

1. `settings`: what is asked for, what is reported, what comes out.
2. `cells`: the LSTM, the GRU and the simple RNN, for any number of nets at once.
3. `objective`: what is made small, the loss on words, and the share of wrong answers.
4. `run`: what every training goes through; `net_run` trains a net, `machine_run` a machine itself.
5. `enclosure`: for nets that are to be proved, how far steps lead out of boxes.
6. `training` goes through all steps and writes checkpoints (`checkpoint`).

PyTorch is needed, and imported only by what trains.
"""
