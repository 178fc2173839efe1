"""Function contracts, executed: one engine for all of them, and what is truly computed as effects."""
