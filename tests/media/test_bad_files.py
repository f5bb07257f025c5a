"""No bad file costs more than a minute or a gigabyte, at the limits that an installation has."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from bad_media import FILES, PHOTOS, Maker
from bad_tiff import BAD

from habeas.media.sandbox.client import Decoder
from habeas.model.errors import BadInput
from habeas.model.installation.limits import MediaLimits, Sampling

GIB = 1 << 20  # in kB
CASES: dict[str, tuple[str, Maker]] = {
    **{name: (file, maker) for name, (file, maker, _) in FILES.items() if name != "zero bytes"},
    **{f"photo: {name}": ("a", maker) for name, (maker, _) in PHOTOS.items()},
    **{f"tiff: {name}": ("a.tif", maker) for name, (maker, _) in BAD.items()},
}


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    """One for all: the most it ever held is the most that any of them took."""
    with Decoder(MediaLimits()) as decoder:
        yield decoder


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_takes_less_than_a_minute_and_a_gigabyte(
    tmp_path: Path, decoder: Decoder, case: str
) -> None:
    name, maker = CASES[case]
    maker(tmp_path / name)
    started, child = time.monotonic(), decoder.process_id
    with (tmp_path / name).open("rb") as file:
        with pytest.raises(BadInput):
            decoder.headers(file.fileno(), claims_media=True)
        for media in ("photo", "clip"):  # as if its headers had been believed
            with suppress(BadInput):
                deque(decoder.frames(file.fileno(), media, Sampling()), maxlen=0)
    assert time.monotonic() - started < 60
    assert child in {None, decoder.process_id}, "no bad file that is known takes the decoder with it"
    status = Path(f"/proc/{decoder.process_id}/status").read_text()
    assert int(status.partition("VmHWM:")[2].split()[0]) < GIB
