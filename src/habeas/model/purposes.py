"""Purposes, and text resolved against those that there are: nothing is trimmed, folded or guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from habeas.model.errors import BadInput
from habeas.model.text import flaw


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose. `iri` is a DPV term or one of our own, `broader` the DPV term it narrows."""

    purpose_id: str
    label: str
    iri: str
    broader: str
    commercial: bool
    training: bool  # to train or test a model
    gallery: bool  # to build or grow a database of faces


class Purposes(Mapping[str, Purpose]):
    """The purposes there are, by id."""

    def __init__(self, purposes: Mapping[str, Purpose]) -> None:
        self._by_id = dict(purposes)

    def __getitem__(self, purpose_id: str) -> Purpose:
        return self._by_id[purpose_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def resolve(self, text: str) -> Purpose:
        """The purpose whose id is exactly `text`.

        Raises BadInput: `unclean_text` when it only looks like an id (blank at an end, hidden character,
        letters that are not ASCII), `unknown_purpose` for anything else. The message never repeats the text.
        """
        purpose = self._by_id.get(text)
        if purpose is not None:
            return purpose
        reason = flaw(text) or (None if text.isascii() else "a letter that no purpose id may have")
        if reason is not None:
            raise BadInput("unclean_text", f"purpose: {reason}", hint="Write the purpose id in plain ASCII.")
        if text.lower() in self._by_id:
            raise BadInput("unknown_purpose", "purpose: ids are lower case", hint="Write it in lower case.")
        raise BadInput("unknown_purpose", "purpose: not in the list", hint="See policies/purposes.yaml.")
