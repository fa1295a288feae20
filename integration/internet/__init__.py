"""The mini-internet: DNS from a private signed root, mail hosts of several makes, and the faults between them."""
