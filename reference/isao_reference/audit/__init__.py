"""What was done, by whom and when: entries, the trees over them, signed heads, proofs."""
