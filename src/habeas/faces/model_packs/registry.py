"""Model packs: may this run use it, is it what it says, put it in its place, see what it finds.

The order is fixed: `permit` reads nothing but pack.toml, `verify` opens the networks' files to hash them,
and only then may a loader open them. Nothing is ever downloaded.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import Protocol

from habeas.faces.binding.bind import bind
from habeas.faces.model_packs import manifest as pack_file
from habeas.faces.model_packs.pack import ANY_PURPOSE, ModelPack
from habeas.faces.tracking.tracker import Tracker
from habeas.faces.values import BindingReason, Detection
from habeas.media.values import Frame, Image
from habeas.model.errors import BadInput, IntegrityError, RefusedByPolicy, UsageError
from habeas.model.ids import digest, json_digest
from habeas.model.installation.limits import BindingRules, Execution, FaceRules
from habeas.model.lines import Line

PRECISION = Execution().precision
DRAWN = "synthetic"
"""The shipped pack, which was trained on drawn people alone."""


def read(folder: Path) -> ModelPack:
    """The pack a folder describes. Opens pack.toml and nothing else. Raises UsageError."""
    try:
        text = (folder / pack_file.FILE).read_text("utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"no {pack_file.FILE} in {folder}",
            hint="See docs/how-to/your-own-model.md for what it must hold.",
        ) from None
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{pack_file.FILE} in {folder} can't be read as UTF-8 text") from None
    return pack_file.parse(text)


def warning(name: str) -> str:
    """What must be known before a pack of this name is used; empty where there is nothing."""
    if name != DRAWN:
        return ""
    return (
        f"model pack {DRAWN} knows drawn people alone and is for trying habeas out: on photos of people it finds few "
        "faces and tells nobody apart. Add one of your own: habeas models add FOLDER (docs/how-to/your-own-model.md)"
    )


def permit(pack: ModelPack, purposes: Mapping[str, bool]) -> None:
    """Raises RefusedByPolicy unless the pack's licence covers each purpose (id -> is it commercial)."""
    for purpose, commercial in purposes.items():
        if commercial and not pack.commercial_use:
            raise RefusedByPolicy(
                f"model pack {pack.name} is not licensed for commercial use, and purpose {purpose} is commercial",
                hint="Choose another pack or another purpose.",
            )
        if pack.permitted_purposes != (ANY_PURPOSE,) and purpose not in pack.permitted_purposes:
            raise RefusedByPolicy(
                f"model pack {pack.name} is not licensed for purpose {purpose}",
                hint="Its permitted_purposes say what it may be used for.",
            )


def verify(pack: ModelPack, folder: Path) -> None:
    """Raises IntegrityError unless both networks are regular files with the digests the pack states."""
    for part in (pack.detector, pack.recogniser):
        _require(pack, part.file, _sha256(folder / part.file), part.sha256)


def _require(pack: ModelPack, name: str, actual: str, stated: str) -> None:
    if actual != stated:
        raise IntegrityError(
            f"{name} of model pack {pack.name} has another digest than pack.toml states",
            hint="Fetch the file again from where its licence_source says; don't edit the digest.",
        )


def contents(pack: ModelPack, folder: Path) -> dict[str, bytes]:
    """Both networks by file name: what is loaded is what was hashed. Raises IntegrityError as `verify`."""
    held = {}
    for part in (pack.detector, pack.recogniser):
        with _opened(folder / part.file) as file:
            held[part.file] = file.read()
        _require(pack, part.file, hashlib.sha256(held[part.file]).hexdigest(), part.sha256)
    return held


def model_id(pack: ModelPack, precision: str = PRECISION) -> str:
    """name@version:digest of what makes two vectors comparable: both networks, the preprocessing, and the numeric
    precision where it isn't 32 bits.
    """
    other = () if precision == PRECISION else (precision,)
    same = digest(
        "model", pack.detector.sha256, pack.recogniser.sha256, pack.recogniser.preprocessing, *other
    )
    return "-".join((f"{pack.name}@{pack.version}:{same[:12]}", *other))


def pack_digest(pack: ModelPack) -> str:
    """Digest of everything the result depends on, thresholds and sizes included; part of the work digest."""
    return json_digest("pack", asdict(pack))


def digests(pack: ModelPack) -> frozenset[str]:
    """Every digest the pack may be named by: of the whole, and of each network, whatever pack it lies in."""
    return frozenset({pack_digest(pack), pack.detector.sha256, pack.recogniser.sha256})


def require_untainted(pack: ModelPack, tainted: Mapping[str, str]) -> None:
    """Raise RefusedByPolicy for a pack, or a network of one, on the list of models that nothing is made with."""
    if matches := sorted(digests(pack) & tainted.keys()):
        raise RefusedByPolicy(
            f"model pack {pack.name} is on the list of tainted models: {tainted[matches[0]]}",
            hint="Nothing is made with it. The list is tainted.yaml, beside the rules.",
        )


def ready(folder: Path, purposes: Mapping[str, bool]) -> ModelPack:
    """Read, permit, verify, in this order; what a run calls before it loads a pack."""
    pack = read(folder)
    permit(pack, purposes)
    verify(pack, folder)
    return pack


def add(folder: Path, destination: Path, *others: Path) -> ModelPack:
    """Copies a verified pack to `destination`/<name>: pack.toml, its two networks and text files beside them.

    `others`: further folders of packs, whose names are taken. Raises UsageError if another pack of this name is there;
    adding the same one again changes nothing.
    """
    pack = read(folder)
    verify(pack, folder)
    target = destination / pack.name
    places = [each / pack.name for each in (destination, *others)]
    if there := next((each for each in places if each.exists()), None):
        target = there
        if read(target) != pack:
            raise UsageError(
                f"a different model pack {pack.name} is there already",
                hint="Remove it, or give yours a new name.",
            )
        verify(pack, target)
        return pack
    wanted = [pack_file.FILE, pack.detector.file, pack.recogniser.file]
    wanted += [p.name for p in sorted(folder.iterdir()) if p.suffix in (".md", ".txt") and _plain(p)]
    making = destination / f".{pack.name}.part"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    for name in dict.fromkeys(wanted):
        shutil.copyfile(folder / name, making / name)
    verify(pack, making)
    making.rename(target)
    return pack


def listed(*destinations: Path) -> tuple[tuple[str, ModelPack | UsageError], ...]:
    """Each folder of `destinations` with its pack, or why it can't be read; of two of one name the first."""
    paths: dict[str, Path] = {}
    for destination in destinations:
        for path in destination.iterdir() if destination.is_dir() else ():
            if path.is_dir() and not path.name.startswith("."):
                paths.setdefault(path.name, path)
    return tuple((name, _read_or_error(paths[name])) for name in sorted(paths))


class Finder(Protocol):
    """What `check` needs of a loaded pack."""

    @property
    def threshold(self) -> float:
        """Lowest detection score (0 to 1) of a face."""

    def detect(self, image: Image) -> Sequence[Detection]:
        """Faces and candidates in a BGR uint8 picture (H, W, 3)."""


TRIED = (0.2, 0.3, 0.4, 0.5, 0.6)
"""Candidate thresholds that `check` tries, those under the pack's threshold."""
_PORTRAIT = Line("line", "somebody", None, None, None, None, False)


@dataclass(frozen=True, slots=True)
class Checked:
    """Faces per picture, and the reason per file that is no picture. Holds nothing of a face but counts.

    `doubtful`: candidate threshold -> picture -> boxes from there to the detection threshold.
    `refused`: candidate threshold -> pictures of one face that a portrait's line would be refused for because of them.
    """

    boxes: dict[str, int]
    unreadable: dict[str, str]
    doubtful: dict[float, dict[str, int]]
    refused: dict[float, int]


def for_check(pack: ModelPack) -> ModelPack:
    """The pack with the lowest candidate threshold that `check` tries."""
    low = min(TRIED[0], pack.detector.candidate_threshold)
    return replace(pack, detector=replace(pack.detector, candidate_threshold=low))


def check(
    models: Finder,
    pictures: Iterable[tuple[str, Frame | BadInput]],
    candidate_threshold: float,
    rules: BindingRules = BindingRules(),  # noqa: B008 - it can't be changed
) -> Checked:
    """Counts the faces in each picture, and what each candidate threshold would do; stores nothing.

    `candidate_threshold`: the pack's own, tried beside TRIED.
    """
    tried = sorted({t for t in (*TRIED, candidate_threshold) if t < models.threshold})
    boxes: dict[str, int] = {}
    unreadable: dict[str, str] = {}
    doubtful: dict[float, dict[str, int]] = {t: {} for t in tried}
    refused = dict.fromkeys(tried, 0)
    for name, picture in pictures:
        if isinstance(picture, BadInput):
            unreadable[name] = picture.reason
            continue
        detections = models.detect(picture.image)
        boxes[name] = sum(one.score >= models.threshold for one in detections)
        for t in tried:
            doubtful[t][name] = sum(t <= one.score < models.threshold for one in detections)
            refused[t] += boxes[name] == 1 and _doubted(
                picture, [one for one in detections if one.score >= t], models, rules
            )
    return Checked(boxes, unreadable, doubtful, refused)


def _doubted(picture: Frame, detections: Sequence[Detection], models: Finder, rules: BindingRules) -> bool:
    """True if the only face of a picture would be refused because of its doubtful boxes."""
    tracker = Tracker(FaceRules(), models.threshold)
    tracker.add(picture, detections)
    return bind([_PORTRAIT], tracker.finish(), True, rules).refused[BindingReason.AMBIGUOUS] > 0


def _read_or_error(folder: Path) -> ModelPack | UsageError:
    try:
        return read(folder)
    except UsageError as error:
        return error


def _plain(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _sha256(path: Path) -> str:
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(path: Path) -> BufferedReader:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise IntegrityError(f"{path.name} of a model pack can't be opened ({error.strerror})") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise IntegrityError(f"{path.name} of a model pack is no regular file")
    return os.fdopen(fd, "rb")
