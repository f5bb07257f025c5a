"""Settings: environment (`HABEAS_…`) over file (`--config`, `HABEAS_CONFIG`, ./habeas.toml) over defaults.

Two classes on purpose. `Settings` is what the pipeline's jobs read: it names no key store and no KMS.
`Custody` is what the registrar and the custodian read, from a file of its own that the embed job never gets.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from habeas.errors import UsageError
from habeas.model.limits import BindingRules, Execution, FaceRules, MediaLimits, Sampling

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED_POLICIES = PROJECT / "policies"
ALL_PACKS = ["house", "kr-pipa", "eu-gdpr", "eu-ai-act", "us-il-bipa", "us-tx-cubi", "us-wa"]
"""Every shipped policy pack. A law's pack is asked only where the law reaches, so naming all costs nothing."""


class _FromToml(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="HABEAS_", env_nested_delimiter="__", extra="forbid")

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
                f"settings in {chosen} can't be used: {_why(error)}",
                hint="Every setting: docs/reference/settings.md",
            ) from None
        return loaded


def _why(error: ValueError) -> str:
    """Fields and reasons alone: a value may be a password, and pydantic's own text repeats it."""
    if isinstance(error, ValidationError):
        found = error.errors(include_input=False, include_url=False, include_context=False)
        return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'all'}: {each['msg']}" for each in found)
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(error)  # of TOML's form, or of a variable's: they tell a place or a name


class Settings(_FromToml):
    """Everything a job may know. Folders default to places under `home`."""

    home: Path = PROJECT / "var" / "habeas"
    archive: Path = Path()
    warehouse: Path = Path()
    runs: Path = Path()
    report: Path = Path()
    orders: Path = Path()
    installation_key: Path = Path()
    registrar_public_key: Path = Path()
    schemas: Path = PROJECT / "schemas"
    policies: Path = SHIPPED_POLICIES
    packs: list[str] = Field(default=ALL_PACKS, description="Policy packs; each that applies must allow.")
    models: Path = PROJECT / "models"
    pack: str = "synthetic"
    purposes: list[str] = Field(default=["archive_search"], description="What the nightly run embeds for.")
    media: MediaLimits = MediaLimits()
    sampling: Sampling = Sampling()
    binding: BindingRules = BindingRules()
    faces: FaceRules = FaceRules()
    execution: Execution = Execution()

    @model_validator(mode="after")
    def _places(self) -> Self:
        self.home = self.home.resolve()
        for name, place in {
            "archive": "archive",
            "warehouse": "warehouse",
            "runs": "runs",
            "report": "report",
            "orders": "orders",
            "installation_key": "installation.key",
            "registrar_public_key": "registrar.pub",
        }.items():
            if getattr(self, name) == Path():
                setattr(self, name, self.home / place)
        return self

    @classmethod
    def read(cls, path: Path | None = None) -> Self:
        return cls.load(path, "HABEAS_CONFIG", "habeas.toml")


class Custody(_FromToml):
    """What the registrar and the custodian know: where keys are kept. Never handed to the embed job."""

    model_config = SettingsConfigDict(env_prefix="HABEAS_CUSTODY_", extra="forbid")

    home: Path
    key_store: str = ""  # SQLAlchemy URL
    kms: Path = Path()  # folder of the local KMS: one key file an epoch; no backup may hold it
    identity_key: Path = Path()
    registrar_key: Path = Path()
    suite: int = 2

    @model_validator(mode="after")
    def _places(self) -> Self:
        self.home = self.home.resolve()
        if not self.key_store:
            self.key_store = f"sqlite:///{self.home / 'keys.sqlite'}"
        for name, place in {
            "kms": "kms",
            "identity_key": "identity.key",
            "registrar_key": "registrar.key",
        }.items():
            if getattr(self, name) == Path():
                setattr(self, name, self.home / place)
        return self

    @classmethod
    def read(cls, path: Path | None = None) -> Self:
        return cls.load(path, "HABEAS_CUSTODY", "custody.toml")
