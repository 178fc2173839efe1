"""Turns the specification, the probes and the mutants into the pages of the guidelines site."""
