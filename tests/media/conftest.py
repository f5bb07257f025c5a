"""A decoder whose parsers do what a file tells them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from decoder_asked import LIMITS

from habeas.media.sandbox.client import Decoder


@pytest.fixture(scope="module")
def stub() -> Iterator[Decoder]:
    """One for all tests: whatever one does to its child, the next gets a working one."""
    with Decoder(LIMITS, "decoder_stub") as decoder:
        yield decoder
