"""Tests of the grammar library."""
