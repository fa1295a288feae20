"""Feeding libFuzzer: what integration/fuzz is made of."""
