"""A second implementation of docs/handling.md, by another hand: it shares no code with the reference exchange.

`terms` reads what the markings of an item say, `readers` decides who reads it. Neither imports the reference.
"""
