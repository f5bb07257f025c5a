"""`<home>/policy`: every policy set that was ever used or put into force, complete, under its digest.

A decision names the digest of its rules. What lies under that name is checked against it whenever it is read, so
a year later the rules are either exactly those or not there.

    <digest>/set.json             names of the packs, and who signed its statutes
    <digest>/schema.cedarschema   the fact schema the digest covers, so that a later habeas can still check it
    <digest>/files/…              every file of the set
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from habeas.model.errors import IntegrityError, Unavailable, UsageError
from habeas.model.installation.durable_files import sync_folder, write_new
from habeas.model.installation.settings import Settings
from habeas.model.orders import OrderBook
from habeas.policy.policy_set import PolicySet, load_policy_set, policy_set_of, set_digest
from habeas.policy.rules.cedar_text import SCHEMA_TEXT

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SET, _SCHEMA, _FILES = "set.json", "schema.cedarschema", "files"


class PolicyStore:
    """Sets of rules by digest. What is in it never changes and is never taken away."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def digests(self) -> tuple[str, ...]:
        """Of every pinned set, sorted."""
        entries = self._folder.iterdir() if self._folder.is_dir() else iter(())
        return tuple(sorted(path.name for path in entries if _DIGEST.fullmatch(path.name)))

    def pin(self, policies: PolicySet, reviewers: Mapping[str, bytes] | None = None) -> bool:
        """Keep a set for ever, whole or not at all; True if it wasn't there. What is there is checked instead.

        `reviewers`: the keys its statutes were checked with; those who signed are kept beside it, so that it can be
        read when one of them has left. Raises IntegrityError, Unavailable.
        """
        if (self._folder / policies.digest).exists():
            self._checked(policies.digest)
            return False
        signed = {statute.reviewed_by for statute in policies.statutes}
        keys = {who: key.hex() for who, key in (reviewers or {}).items() if who in signed}
        about = json.dumps({"names": list(policies.names), "reviewers": keys}, indent=1, sort_keys=True)
        content = {f"{_FILES}/{name}": raw for name, raw in policies.files.items()}
        content |= {_SET: about.encode(), _SCHEMA: SCHEMA_TEXT.encode()}
        try:
            return self._put(policies.digest, content)
        except OSError as error:
            raise Unavailable(
                f"the rules can't be kept ({error.strerror})", hint=f"Nothing is decided by rules that aren't. "
                f"Ask whoever owns {self._folder} to let you write there.",
            ) from None  # fmt: skip

    def load(self, digest: str, reviewers: Mapping[str, bytes] | None = None) -> PolicySet:
        """The set pinned under `digest`. `reviewers`: who may vouch for statutes now; default: as when it was pinned.

        Raises IntegrityError when there is none or it isn't what its name says, UsageError when this habeas can't
        read it.
        """
        files, names, pinned_reviewers = self._checked(digest)
        policies = policy_set_of(files, names, pinned_reviewers if reviewers is None else reviewers)
        return replace(policies, digest=digest)  # the digest it was used under, whatever schema there is now

    def whole(self, beginning: str) -> str:
        """The digest that starts with `beginning`. Raises UsageError when none or more than one does."""
        matches = [digest for digest in self.digests() if digest.startswith(beginning)]
        if len(matches) != 1:
            many = f"{len(matches)} sets of rules have digests" if matches else "no set of rules has a digest"
            hint = "Give more of it." if matches else f"Pinned sets lie in {self._folder}."
            raise UsageError(f"{many} that starts with {beginning!a}", hint=hint)
        return matches[0]

    def _put(self, digest: str, content: Mapping[str, bytes]) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{digest[:12]}.", suffix=".part", dir=self._folder))
        try:
            for name, raw in content.items():
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                write_new(part / name, raw, 0o444)
            folders = [part, *(path for path in part.rglob("*") if path.is_dir())]
            for folder in reversed(folders):
                sync_folder(folder)
                folder.chmod(0o755)  # jobs of other users read it; mkdtemp made it private
            os.rename(part, self._folder / digest)  # noqa: PTH104  # fails if another process was faster
            sync_folder(self._folder)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)
            if not (self._folder / digest).exists():
                raise
            self._checked(digest)
            return False
        return True

    def _checked(self, digest: str) -> tuple[dict[str, bytes], list[str], dict[str, bytes]]:
        """Files, names of packs and reviewers' keys of a pinned set, its digest taken anew."""
        place = self._folder / digest
        if not _DIGEST.fullmatch(digest) or not place.is_dir():
            raise IntegrityError(
                f"the rules {digest[:12]} are not pinned here",
                hint="Restore the folder `policy` from a backup.",
            )
        try:
            about = json.loads((place / _SET).read_bytes())
            names = [str(name) for name in about["names"]]
            reviewers = {str(who): bytes.fromhex(key) for who, key in about["reviewers"].items()}
            files = _files(place / _FILES)
            schema = (place / _SCHEMA).read_text(encoding="utf-8")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise _altered(digest) from None
        if set_digest(files, names, schema) != digest:
            raise _altered(digest)
        return files, names, reviewers


def policy_in_force(settings: Settings, book: OrderBook) -> PolicySet:
    """The rules that decide now: those of the newest activation, else the draft in `settings.policies`.

    While an activation is in force the draft isn't even read: nothing in it can stop or change a run.
    Raises IntegrityError when what was activated isn't pinned whole, UsageError when the draft that counts has errors.
    """
    if not book.activations:
        return load_policy_set(settings.policies, settings.policy_packs, book.reviewers())
    return store_of(settings).load(book.activations[-1].digest, book.reviewers())


def store_of(settings: Settings) -> PolicyStore:
    """Store of pinned policy sets of an installation."""
    return PolicyStore(settings.home / "policy")


def _files(folder: Path) -> dict[str, bytes]:
    """Every plain file under `folder`; a link is as good as an edit."""
    contents: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise ValueError("a link")
        if not path.is_dir():
            contents[path.relative_to(folder).as_posix()] = path.read_bytes()
    return contents


def _altered(digest: str) -> IntegrityError:
    return IntegrityError(
        f"the pinned rules {digest[:12]} are not what they were",
        hint="Find out who changed the folder `policy`, and restore it from a backup.",
    )
