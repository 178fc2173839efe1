"""One file an endpoint of TAXII 2.1, plus what they share."""
