"""Sealed vectors, signed key records, epochs: bytes in, bytes out. No file, no clock, no network.

Rules that hold here:
- A vector is sealed to the public key of one (subject, purpose, generation); sealing needs no private key.
- Everything that never changes about a row is bound into the seal; flip one bit of it and nothing opens.
- A key is used only after the registrar's signature over it was verified.
- Every failure is an IntegrityError that says nothing about the content.

`opening`, `keypairs` and `epochs` touch private keys. The embed path imports `sealer` and `envelope`,
which can't reach them; a linter holds that.
"""
