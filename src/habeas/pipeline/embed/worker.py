"""What an embed worker holds: a permitted model pack, the archive, and a sealer that can't open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from operator import itemgetter
from pathlib import Path

from habeas.faces.detection import insightface_models as insightface_pack
from habeas.faces.embed_asset import EmbedRules
from habeas.faces.model_packs import registry as packs
from habeas.faces.model_packs.pack import ModelPack
from habeas.faces.plan import AssetPlan, StagedRow
from habeas.media.files.source_folders import SourceFolder
from habeas.media.source import READER_VERSION, ArchiveMedia
from habeas.model.ids import digest, json_digest
from habeas.model.installation.limits import BindingRules, Execution, FaceRules, MediaLimits, Sampling
from habeas.model.installation.settings import Settings
from habeas.oversight.orders.book import recipients_of
from habeas.oversight.orders.folder import HaltWatch, OrderFolder
from habeas.pipeline.embed.halt_guard import embed_unless_halted
from habeas.pipeline.runtime.private_process import keep_private
from habeas.policy.policy_set import PolicySet
from habeas.sealing import key_files
from habeas.sealing.sealer import Sealer


@dataclass(frozen=True)
class WorkerSetup:
    """Plain values that travel to a worker: places and numbers, no key and no model."""

    pack: ModelPack
    pack_folder: Path
    roots: tuple[tuple[str, SourceFolder], ...]
    purposes: tuple[str, ...]
    installation_key: Path
    registrar_public_key: Path
    orders: Path
    ordered: bool
    recipients: tuple[tuple[str, str], ...]
    media: MediaLimits
    sampling: Sampling
    binding: BindingRules
    faces: FaceRules
    execution: Execution

    @property
    def model_id(self) -> str:
        """Identity of the model: pack, version, digest, precision."""
        return packs.model_id(self.pack, self.execution.precision)

    @property
    def pack_digest(self) -> str:
        """Digest of the model pack."""
        return packs.pack_digest(self.pack)

    @property
    def identity(self) -> str:
        """All but the model, the asset and its lines that decides what is made of it; part of the work digest."""
        numbers = {
            name: asdict(getattr(self, name))  # whole numbers and fractions only
            for name in ("media", "sampling", "binding", "faces")
        }
        return digest("work", READER_VERSION, json_digest("limits", numbers))


def set_up(
    settings: Settings, policies: PolicySet, wanted: Sequence[str], sources: Mapping[str, SourceFolder]
) -> WorkerSetup:
    """Read, permit and verify the pack for the wanted purposes, before any of its networks is opened; a tainted one is
    refused here, too, whatever was decided about another.

    `policies`: the rules in force; `sources`: source id -> its folder. Raises RefusedByPolicy,
    IntegrityError, UsageError.
    """
    purposes = {p: policies.purposes.resolve(p).commercial for p in wanted}
    folder = settings.pack_folder()
    packs.require_untainted(packs.read(folder), policies.tainted)
    return WorkerSetup(
        pack=packs.ready(folder, purposes),
        pack_folder=folder,
        roots=tuple(sorted(sources.items(), key=itemgetter(0))),
        purposes=tuple(wanted),
        installation_key=settings.installation_key,
        registrar_public_key=settings.registrar_public_key,
        orders=settings.orders,
        ordered=settings.orders.exists(),
        recipients=tuple(sorted(recipients_of(policies.activities).items())),
        media=settings.media,
        sampling=settings.sampling,
        binding=settings.binding,
        faces=settings.faces,
        execution=settings.execution,
    )


@cache
def make_worker(setup: WorkerSetup) -> Callable[[AssetPlan], list[StagedRow]]:
    """The worker function, made once a Python process: models and verified keys stay loaded."""
    keep_private()  # a template is in the clear here
    models = insightface_pack.load(setup.pack, setup.pack_folder, setup.faces.smallest_px, setup.execution)
    rules = EmbedRules(
        purposes=setup.purposes,
        model_id=setup.model_id,
        preprocessing=setup.pack.recogniser.preprocessing,
        installation_key=key_files.read_key(setup.installation_key, 32),
        binding=setup.binding,
        faces=setup.faces,
        max_gap_ms=setup.sampling.max_gap_ms,
    )
    media = ArchiveMedia(dict(setup.roots), setup.media, setup.sampling)
    sealer = Sealer(key_files.read_key(setup.registrar_public_key, 32, public=True))
    orders = OrderFolder(setup.orders, setup.registrar_public_key, required=setup.ordered)
    halts = HaltWatch(orders, dict(setup.recipients))
    return partial(embed_unless_halted, halts=halts, media=media, models=models, sealer=sealer, rules=rules)
