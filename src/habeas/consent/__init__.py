"""The bitemporal ledger of what people said: pure."""
