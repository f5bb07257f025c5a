"""An archive's files as habeas sees them, packed ones as well."""
