"""Settings: environment (`HABEAS_…`) over file (`--config`, `HABEAS_CONFIG`, ./habeas.toml) over defaults.

What steers the gate (`fixed`: folders of tables, orders, rules, models and keys) is not the environment's to say once
an installation is there: a variable is set without a trace, and its file belongs to the installation.

Two classes on purpose. `Settings` is what the pipeline's jobs read: it names no key store and no KMS.
`Custody` is what the registrar and the custodian read, from a file of its own that the embed job never gets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from habeas.model.errors import UsageError
from habeas.model.installation.limits import BindingRules, Execution, FaceRules, MediaLimits, Sampling
from habeas.model.installation.resources import MODELS, POLICIES, SCHEMAS, default_home

ALL_PACKS = ["house", "kr-pipa", "eu-gdpr", "eu-ai-act", "us-il-bipa", "us-tx-cubi", "us-wa"]
"""Every shipped policy pack. A law's pack is asked only where the law reaches, so naming all costs nothing."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")


def _folder(given: object) -> object:
    """A place in a file system of this machine: a path, or an address that begins with file:///."""
    if not isinstance(given, (str, Path)):
        return given
    text = str(given)
    if _ADDRESS.match(text):
        address = urlsplit(text)
        if address.scheme.lower() != "file" or address.netloc not in ("", "localhost"):
            raise ValueError(
                "only folders of this machine can be used: a path or file:///; mount what lies elsewhere"
            )
        text = unquote(address.path)
    if not text.isprintable():
        raise ValueError("a path without control characters is expected")
    return Path(text).expanduser()


Place = Annotated[Path, BeforeValidator(_folder)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class _FromToml(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="HABEAS_", env_nested_delimiter="__", extra="forbid", use_attribute_docstrings=True
    )
    fixed: ClassVar[tuple[str, ...]] = ()
    """What steers the gate: the installation's own file says it, and the environment can't."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def _from_here(self, place: Path) -> Path:
        """A relative path counts from the settings file: a scheduler's jobs start in folders of their own."""
        file = self.model_config.get("toml_file")
        return (
            Path(str(file)).absolute().parent / place
            if file and Path(str(file)).is_file()
            else place.absolute()
        )

    @classmethod
    def load(cls, path: Path | None, env: str, default: str) -> Self:
        """Read `path`, or the file named by `env`, or `default` if it is there.

        Raises UsageError naming the field, and never its value, when a value can't be used.
        """
        chosen = path or Path(os.environ.get(env, default))
        if path is not None and not path.is_file():
            raise UsageError(f"no settings file at {path}", hint="Make one with: habeas init --home FOLDER")
        config = SettingsConfigDict(**{**cls.model_config, "toml_file": chosen})
        bound: Any = type(cls.__name__, (cls,), {"model_config": config, "__module__": cls.__module__})
        try:
            loaded: Self = bound()
        except ValueError as error:
            raise UsageError(
                f"settings in {chosen} can't be used: {_why(error, cls)}",
                hint="Every setting: docs/reference/settings.md",
            ) from None
        if chosen.is_file() or (Path(getattr(loaded, "home")) / default).is_file():  # noqa: B009 - both classes have it
            cls._require_none_of_the_environment(os.environ)
        return loaded

    @classmethod
    def _require_none_of_the_environment(cls, environment: Mapping[str, str]) -> None:
        """Raise UsageError where a variable sets what steers the gate of an installation that is there."""
        given = {name.upper() for name, value in environment.items() if value}
        prefix = str(cls.model_config["env_prefix"])
        if wrong := [name for name in cls.fixed if f"{prefix}{name.upper()}" in given]:
            named = ", ".join(f"{prefix}{name.upper()}" for name in wrong)
            raise UsageError(
                f"the environment can't set {named}: it steers what is allowed, and there is an installation",
                hint="Write it into the installation's settings file, or unset the variable.",
            )


_RENAMED: dict[tuple[int | str, ...], str] = {
    ("pack",): "it is called model_pack now",
    ("packs",): "it is called policy_packs now",
}


def _why(error: ValueError, settings: type[BaseSettings]) -> str:
    """Fields, reasons, ranges and meanings, no values: a value may be a password, and pydantic's own text has it."""
    if isinstance(error, ValidationError):
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        return "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'all'}: {_RENAMED.get(problem['loc'], problem['msg'])}"
            f"{_explained(schema_of(settings, problem['loc']))}"
            for problem in problems
        )
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(error)  # of TOML's form, or of a variable's: they tell a place or a name


def schema_of(settings: type[BaseSettings], place: Sequence[str | int]) -> dict[str, Any]:
    """JSON schema of one setting, with its range and its meaning (`description`); empty for what is no setting.

    `place`: its name, or group and name; what follows (an item of a list) is ignored.
    """
    field = settings.model_fields.get(str(place[0])) if place else None
    if field is None:
        return {}
    default = field.get_default(call_default_factory=True)
    if is_dataclass(default) and not isinstance(default, type):
        inner: dict[str, Any] = TypeAdapter(type(default)).json_schema()["properties"]
        return dict(inner.get(str(place[1]), {})) if len(place) > 1 else {}
    return dict(settings.model_json_schema()["properties"][str(place[0])])


def meaning(schema: Mapping[str, Any]) -> str:
    """What a setting means, on one line, from its JSON schema; empty where nothing says so."""
    return " ".join(str(schema.get("description", "")).split())


def _explained(schema: Mapping[str, Any]) -> str:
    """Range and meaning of a setting behind an error about it."""
    range_ = f" ({bounds(schema)})" if bounds(schema) else ""
    return f"{range_}. {meaning(schema).rstrip('.')}" if meaning(schema) else range_


def bounds(schema: Mapping[str, Any]) -> str:
    """Both ends of a number's range, from its JSON schema; empty for what has none."""
    if "minimum" not in schema:
        return ""
    return f"{schema['minimum']:.16g} to {schema['maximum']:.16g}"  # every digit: 1048576, not 1.04858e+06


class Settings(_FromToml):
    """Everything a job may know. Folders default to places under `home`."""

    fixed = ("home", "warehouse", "runs", "orders", "installation_key", "registrar_public_key", "schemas",
             "policies", "policy_packs", "models", "derive_anew_days")  # fmt: skip
    home: Place = Field(default_factory=default_home)
    """Folder of the installation. Folders and files that aren't set lie in it."""
    archive: Place = Path()
    """Folder with the photos and clips. It is only read."""
    warehouse: Place = Path()
    """Folder of the Delta tables."""
    runs: Place = Path()
    """Folder of the run records: one subfolder a run, one JSON file a task."""
    report: Place = Path()
    """Folder of the pages about runs."""
    orders: Place = Path()
    """Folder of the signed orders: halts, resumes, activated policy sets. If it can't be read, everything stops."""
    installation_key: Place = Path()
    """Key file of the installation: for asset ids, and for the codes that authenticate run records and decisions."""
    registrar_public_key: Place = Path()
    """Public key of the registrar. Key records are verified with it before anything is sealed."""
    schemas: Place = SCHEMAS
    """Folder of the table contracts."""
    policies: Place = POLICIES
    """Folder of the rules: policy packs, purposes and the lists beside them."""
    policy_packs: list[Name] = Field(default=ALL_PACKS, min_length=1)
    """Policy packs to ask. Each that applies must allow."""
    models: Place = Path()
    """Folder of the installation's own model packs. The shipped packs are found in any case."""
    model_pack: Name = "synthetic"
    """Model pack to embed with."""
    purposes: list[Name] = Field(default=["archive_search"], min_length=1)
    """Purposes that the nightly run embeds for."""
    derive_anew_days: int = Field(default=7, ge=1, le=31)
    """After this many days, decide derives the facts of every roster line again, not only of those that may have
    changed.
    """
    run_max_age_hours: int = Field(default=72, ge=1, le=744)
    """Longest time after its start in which a run may go on or be tried again, in hours."""
    media: MediaLimits = MediaLimits()
    sampling: Sampling = Sampling()
    binding: BindingRules = BindingRules()
    faces: FaceRules = FaceRules()
    execution: Execution = Execution()

    @model_validator(mode="after")
    def _places(self) -> Self:
        self.home = self._from_here(self.home).resolve()
        for name, place in {
            "archive": "archive",
            "warehouse": "warehouse",
            "runs": "runs",
            "report": "report",
            "orders": "orders",
            "models": "models",
            "installation_key": "installation.key",
            "registrar_public_key": "registrar.pub",
        }.items():
            given = getattr(self, name)
            setattr(self, name, self.home / place if given == Path() else self._from_here(given))
        for name in ("schemas", "policies"):
            setattr(self, name, self._from_here(getattr(self, name)))
        return self

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.faces.min_exposure >= self.faces.max_exposure:
            raise ValueError("faces.min_exposure must be below faces.max_exposure")
        if self.faces.kept_sightings < self.faces.frames_per_track:
            raise ValueError("faces.kept_sightings must not be below faces.frames_per_track")
        return self

    def pack_folder(self, name: str = "") -> Path:
        """Folder of a model pack, by default the one in use: the installation's own, else the shipped one."""
        own, shipped = (folder / (name or self.model_pack) for folder in self.pack_folders)
        return shipped if shipped.is_dir() and not own.is_dir() else own

    @property
    def pack_folders(self) -> tuple[Path, Path]:
        """Where model packs lie: those of the installation, then those that are shipped."""
        return self.models, MODELS

    @classmethod
    def read(cls, path: Path | None = None) -> Self:
        """Read habeas.toml: `path`, else HABEAS_CONFIG, else ./habeas.toml. Raises UsageError."""
        return cls.load(path, "HABEAS_CONFIG", "habeas.toml")


class Custody(_FromToml):
    """What the registrar and the custodian know: where keys are kept. Never handed to the embed job."""

    model_config = SettingsConfigDict(env_prefix="HABEAS_CUSTODY_", extra="forbid")

    fixed = ("home", "key_store", "kms", "identity_key", "registrar_key")
    home: Place
    """Folder of the custody. Folders and files that aren't set lie in it."""
    key_store: str = ""
    """SQLAlchemy URL of the key store's database: SQLite or PostgreSQL."""
    kms: Place = Path()
    """Folder of the local KMS: one key file an epoch. No backup may hold it: a restored key would undo an erasure."""
    identity_key: Place = Path()
    """Key file that turns real ids into codes in the key store."""
    registrar_key: Place = Path()
    """Private key of the registrar, with which key records are signed."""
    suite: Literal[1, 2] = 2
    """HPKE suite of new keys: 1 = X25519, 2 = ML-KEM-768 + X25519 (hybrid, post-quantum)."""

    @model_validator(mode="after")
    def _places(self) -> Self:
        self.home = self._from_here(self.home).resolve()
        if not self.key_store:
            self.key_store = f"sqlite:///{self.home / 'keys.sqlite'}"
        for name, place in {
            "kms": "kms",
            "identity_key": "identity.key",
            "registrar_key": "registrar.key",
        }.items():
            given = getattr(self, name)
            setattr(self, name, self.home / place if given == Path() else self._from_here(given))
        return self

    @classmethod
    def read(cls, path: Path | None = None) -> Self:
        """Read custody.toml: `path`, else HABEAS_CUSTODY, else ./custody.toml. Raises UsageError."""
        return cls.load(path, "HABEAS_CUSTODY", "custody.toml")
