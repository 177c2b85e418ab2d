"""Tests of reberlstm.simulator."""
