"""`habeas models`: model packs, their licences and digests. Nothing is ever downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Json
from habeas.model.errors import HabeasError, UsageError

app = typer.Typer(help="Model packs, their licences and digests.", no_args_is_help=True)
Pack = Annotated[str, typer.Argument(metavar="PACK", help="Name of a pack, or its folder.")]


@app.command()
def add(
    folder: Annotated[Path, typer.Argument(help="Folder with pack.toml and its two networks.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Copy a pack into the installation, if its files are what its pack.toml says.

    \b
    habeas models add /media/packs/buffalo
    """
    from habeas.cli.installation import installation
    from habeas.faces.model_packs import registry as packs

    settings = installation(config).settings
    pack = packs.add(folder, *settings.pack_folders)
    answer = {"pack": pack.name, "model_id": packs.model_id(pack), "licence": pack.licence,
            "folder": str(settings.pack_folder(pack.name))}  # fmt: skip
    out.show(answer, as_json, lambda console: console.print(out.pairs(answer)))


@app.command("list")
def list_(config: Config = None, as_json: Json = False) -> None:
    """List the packs and what their licences permit."""
    from habeas.cli.installation import installation
    from habeas.faces.model_packs import registry as packs

    entries: list[dict[str, Any]] = []
    for name, pack in packs.listed(*installation(config).settings.pack_folders):
        if isinstance(pack, UsageError):
            entries.append({"pack": name, "error": pack.message})
        else:
            entries.append(
                {"pack": name, "model_id": packs.model_id(pack), "licence": pack.licence,
                 "purposes": list(pack.permitted_purposes), "commercial": pack.commercial_use}
            )  # fmt: skip

    def human(console: Any) -> None:
        rows = [
            (row["pack"], row.get("model_id", ""), row.get("licence", row.get("error")),
             ", ".join(row.get("purposes", [])), row.get("commercial", ""))
            for row in entries
        ]  # fmt: skip
        console.print(out.table(["pack", "model", "licence", "purposes", "commercial"], rows))

    out.show(entries, as_json, human)


@app.command()
def verify(
    pack: Pack,
    purposes: Annotated[
        str, typer.Option("--purposes", help="Comma-separated purposes to check against.")
    ] = "",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Check a pack's digests, and its licence against purposes (default: those of the settings).

    \b
    habeas models verify synthetic --purposes archive_search
    """
    from habeas.cli.installation import installation
    from habeas.faces.model_packs import registry as packs

    place = installation(config)
    wanted = [word for word in purposes.split(",") if word] or list(place.settings.purposes)
    checked = packs.ready(_folder(pack, place), _commercial(place, wanted))
    answer = {"pack": checked.name, "model_id": packs.model_id(checked), "purposes": wanted, "ok": True}
    out.show(answer, as_json, lambda console: console.print(out.pairs(answer)))


@app.command()
def check(
    pack: Pack,
    photos: Annotated[
        Path, typer.Option("--photos", help="Folder with photos.", exists=True, file_okay=False)
    ],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Count the faces a pack finds in your photos, and its doubtful boxes. Nothing is stored, nobody is embedded.

    Doubtful boxes lie between `candidate_threshold` and `threshold` of pack.toml. Choose the lowest candidate threshold
    that costs you few portraits.

    \b
    habeas models check synthetic --photos ~/photos
    """
    from habeas.cli.installation import installation
    from habeas.faces.detection.insightface_models import load
    from habeas.faces.model_packs import registry as packs
    from habeas.media.source import pictures

    place = installation(config)
    folder = _folder(pack, place)
    described = packs.read(folder)
    models = load(packs.for_check(described), folder, place.settings.faces.smallest_px)
    own = described.detector.candidate_threshold
    with out.progress(shown=not as_json) as bar:
        seen = bar.track(pictures(photos, place.settings.media), description="looking")
        result = packs.check(models, seen, own, place.settings.binding)
    answer = {
        "pictures": len(result.boxes),
        "faces": sum(result.boxes.values()),
        "by_picture": dict(sorted(result.boxes.items())),
        "doubtful": {f"{t:g}": dict(sorted(result.doubtful[t].items())) for t in result.doubtful},
        "portraits_refused_for_a_doubt": {f"{t:g}": count for t, count in result.refused.items()},
        "unreadable": dict(sorted(result.unreadable.items())),
    }

    def human(console: Any) -> None:
        counted = out.safe(f"doubtful at {own:g}")
        mine = result.doubtful.get(own, {})
        rows = [(name, count, mine.get(name, 0)) for name, count in sorted(result.boxes.items())]
        console.print(out.table(["picture", "faces", counted], rows))
        console.print(f"{answer['faces']} faces in {answer['pictures']} pictures", markup=False)
        tried = [
            (
                f"{t:g}" + (" (this pack)" if t == own else ""),
                sum(result.doubtful[t].values()),
                result.refused[t],
            )
            for t in result.doubtful
        ]
        heads = ["candidate_threshold", "doubtful boxes", "pictures of one face refused for a doubt"]
        console.print(out.table(heads, tried))
        if result.unreadable:
            console.print(out.table(["could not be read", "reason"], sorted(result.unreadable.items())))

    out.show(answer, as_json, human)


def _folder(pack: str, place: Any) -> Path:
    named = Path(pack)
    return named if named.is_dir() and len(named.parts) > 1 else Path(place.settings.pack_folder(pack))


def _commercial(place: Any, names: list[str]) -> dict[str, bool]:
    try:
        return {name: place.purposes.resolve(name).commercial for name in names}
    except HabeasError as error:
        raise UsageError(str(error), hint="Purposes stand in policies/purposes.yaml.") from None
