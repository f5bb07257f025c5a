"""Facts in, verdict out: pure. Packs are Cedar files; each one must allow."""
