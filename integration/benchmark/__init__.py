"""The benchmark: the same load on Waxwing, Postfix and Exim, in turn, on one machine without a network."""
