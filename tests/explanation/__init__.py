"""Tests of reberlstm.explanation."""
