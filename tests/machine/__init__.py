"""Tests of operations on machines."""
