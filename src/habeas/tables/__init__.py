"""Contracts in `schemas/` -> columns, DDL, statistics columns, erasure map. Pure: reads YAML, touches no table."""
