"""Bytes in, typed values out: nothing in here knows accounts, policy or storage."""
