"""What people said and who is where: the ledger of consents, leave-outs, imports and consent records."""
