"""Tests of reberlstm.compiler."""
