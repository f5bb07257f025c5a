"""A halt beats the work on an asset at whatever moment it comes, and leaves nothing of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import media_files as make
import pytest
import tiny_pack
from embedding import KEY, archive, done, embeddings, grant, plan_for, sealer

from habeas.faces.detection import insightface_models as insightface_pack
from habeas.faces.detection.insightface_models import LoadedPack
from habeas.faces.embed_asset import EmbedRules
from habeas.faces.model_packs import registry as packs
from habeas.faces.plan import AssetPlan
from habeas.media.source import ArchiveMedia
from habeas.model.errors import Halted, IntegrityError
from habeas.model.installation.limits import BindingRules, FaceRules
from habeas.model.lines import Line
from habeas.model.orders import Halt, HaltScope, Stopped
from habeas.pipeline.embed.halt_guard import embed_unless_halted

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EVERYTHING = Halt("a" * 64, HaltScope.ALL, "", "a complaint", None, "oversight-1", NOW)


@dataclass
class Halts:
    """Halted from the `after`th look on."""

    found: Stopped
    after: int = 0
    looks: int = 0
    broken: bool = False

    def touching(self, source: str, purposes: frozenset[str]) -> Halt | None:
        self.looks += 1
        if self.broken and self.looks > self.after:
            raise IntegrityError("the order file 'x' isn't valid")
        return self.found.touching(source, purposes) if self.looks > self.after else None

    def require(self) -> None:
        if self.found.everything and self.looks > self.after:
            raise Halted(self.found.everything.words)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> LoadedPack:
    folder = tiny_pack.write(tmp_path_factory.mktemp("packs") / "tiny")
    return insightface_pack.load(packs.read(folder), folder)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    return make.clip(folder / "a.mp4", lambda _: tiny_pack.scene((1, 64, 96)), frames=100, gop=25)


@pytest.fixture
def wanted(clip: Path) -> AssetPlan:
    purposes = ("archive_search", "access_verification")
    grants = tuple(grant("ann", purpose) for purpose in purposes)
    line = Line("line", "ann", None, None, None, None, False, grants)
    return plan_for(clip, line, media="clip")


def embed(plan: AssetPlan, halts: Halts, clip: Path, models: LoadedPack) -> list:
    rules = EmbedRules(
        ("archive_search", "access_verification"), models.model_id, models.pack.recogniser.preprocessing, KEY,
        BindingRules(), replace(FaceRules(), min_sharpness=0.5), 1000,
    )  # fmt: skip
    return embed_unless_halted(plan, halts, archive(clip.parent), models, sealer(), rules)


def halted(scope: HaltScope, name: str) -> Stopped:
    halt = replace(EVERYTHING, scope=scope, name=name)
    return {
        HaltScope.ALL: Stopped(everything=halt),
        HaltScope.SOURCE: Stopped(sources={name: halt}),
        HaltScope.PURPOSE: Stopped(purposes={name: halt}),
    }[scope]


@pytest.mark.parametrize(
    ("scope", "name"), [(HaltScope.SOURCE, "demo"), (HaltScope.PURPOSE, "access_verification")]
)
def test_a_halt_at_any_moment_leaves_no_row_not_even_done(scope, name, wanted, clip, models) -> None:
    whole = Halts(Stopped())
    rows = embed(wanted, whole, clip, models)
    assert embeddings(rows)
    assert whole.looks == 2 + done(rows).frames_decoded, "one before, one a frame, one after"
    assert done(rows).frames_decoded > 1
    for moment in range(whole.looks):
        assert [] == embed(wanted, Halts(halted(scope, name), after=moment), clip, models), moment


def test_a_halt_of_everything_ends_the_job(wanted, clip, models) -> None:
    for moment in (0, 1, 3):
        with pytest.raises(Halted, match="a complaint"):
            embed(wanted, Halts(halted(HaltScope.ALL, ""), after=moment), clip, models)


def test_what_is_halted_elsewhere_changes_nothing(wanted, clip, models) -> None:
    free = [replace(row, sealed=b"") for row in embed(wanted, Halts(Stopped()), clip, models)]
    for other in (halted(HaltScope.SOURCE, "street"), halted(HaltScope.PURPOSE, "model_training")):
        found = embed(wanted, Halts(other), clip, models)
        assert free == [replace(row, sealed=b"") for row in found]


def test_a_halted_asset_is_not_even_opened(wanted, clip, models, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr(ArchiveMedia, "open", never)
    assert [] == embed(wanted, Halts(halted(HaltScope.SOURCE, "demo")), clip, models)


def test_orders_that_cannot_be_read_end_the_job(wanted, clip, models) -> None:
    for moment in (0, 2):
        with pytest.raises(IntegrityError, match="isn't valid"):
            embed(wanted, Halts(Stopped(), after=moment, broken=True), clip, models)
