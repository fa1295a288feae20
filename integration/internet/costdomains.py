"""Domains of 44-cost. Their hosts are played by the scenario, so that what counts as one message is the same each time."""

from .words import GOOD, Domain, Host, delivered

CLEAR, DANE = "cost-clear.example", "cost-dane.example"

COST = (
    Domain(CLEAR, "its host is played, without TLS", delivered("none"), (Host("mx", "nothing", "none"),), dns="unsigned", only="44"),
    Domain(DANE, "its host is played, with DANE", delivered("dane"), (Host("mx", "nothing", tlsa=GOOD),), only="44"),
)
