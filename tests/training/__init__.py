"""Tests of reberlstm.training."""
