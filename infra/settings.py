"""All settings in one typed object, composed of the settings that each package defines.

Precedence, highest first: flags, ``NADI_…`` environment variables (``__`` between levels), ``./nadi.toml``,
``/etc/nadi/nadi.toml``, defaults. A key that nothing knows is an error. Nothing else reads the environment.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from producers.settings import GatewaySettings
from schemas.settings import KafkaSettings
from sinks.settings import ClickHouseSettings, InspectorateSettings, WallboardSettings
from streams.settings import StreamSettings

SYSTEM_FILE = Path("/etc/nadi/nadi.toml")
LOCAL_FILE = Path("nadi.toml")
PREFIX = "NADI_"
PROFILES = Path(__file__).parent / "profiles"
#: Variables that carry the prefix and are no settings.
NOT_SETTINGS = frozenset(
    {"NADI_TEST_BOOTSTRAP", "NADI_COMPLETE", "NADI_LOG_JSON", "NADI_FAILPOINT", "NADI_NATIVE"}
)
_URL_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@\s]*@")
_SECRET_NAME = re.compile(r"password|secret|token|(^|_)key$")
MASK = "•••"


class SettingsError(ValueError):
    """Settings that cannot be used; the message names every wrong key, its origin and what to do."""


class PortSettings(BaseModel):
    """Where the embedded parts listen, always on 127.0.0.1."""

    model_config = ConfigDict(extra="forbid")

    kafka: int = Field(19092, ge=0, le=65535, description="embedded broker; 0 takes a free port")
    controller: int = Field(
        19093, ge=0, le=65535, description="embedded broker's controller; 0 takes a free port"
    )
    clickhouse: int = Field(
        18123, ge=0, le=65535, description="embedded ClickHouse engine; 0 takes a free port"
    )
    metrics: int = Field(
        8610, ge=0, le=65400, description="first metrics port of workers and sink; 0 takes free ones"
    )


class Settings(BaseSettings):
    """The settings of one deployment. Build it with ``Settings.load``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_parse_none_str="null", extra="forbid"
    )

    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    streams: StreamSettings = Field(default_factory=StreamSettings)
    clickhouse: ClickHouseSettings = Field(default_factory=ClickHouseSettings)
    wallboard: WallboardSettings = Field(default_factory=WallboardSettings)
    inspectorate: InspectorateSettings = Field(default_factory=InspectorateSettings)
    gateway: GatewaySettings = Field(default_factory=GatewaySettings)
    ports: PortSettings = Field(default_factory=PortSettings)
    profile: str = Field("contoh", description="name in infra/profiles or path of a profile folder")
    data_dir: Path = Field(Path(".nadi"), description="folder of all data of the embedded stack")
    lang: Literal["id", "en"] = Field("id", description="language of the command line")

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return tuple(source for _, source in _sources(settings_cls, init_settings))

    @classmethod
    def load(cls, flags: Mapping[str, Any] | None = None) -> Settings:
        """Settings from all sources; ``flags`` maps dotted keys to values. Raises SettingsError."""
        nested = _nest(flags or {})
        try:
            sources = _sources(cls, InitSettingsSource(cls, nested))
            origins = _origins(sources)
            _refuse_unknown(origins)
            loaded = cls(**nested)
        except ValidationError as error:
            raise SettingsError(_explain(error, origins)) from error
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"nadi.toml is not valid TOML: {error}") from error
        loaded._origins = origins
        return loaded

    def origin(self, key: str) -> str:
        """Where a value came from: ``default``, a file, ``environment NADI_…`` or ``flag``."""
        return self._origins.get(key, "default")

    def values(self) -> dict[str, Any]:
        """Dotted key to value, in the order of the model."""
        return dict(_flatten(self.model_dump(mode="python")))

    def masked(self) -> dict[str, Any]:
        """As ``values``, with secrets replaced."""
        return {key: mask(key, value) for key, value in self.values().items()}

    def with_values(self, changes: Mapping[str, Any]) -> Settings:
        """A validated copy with other values of dotted keys. Raises SettingsError."""
        values = _nest({**self.values(), **changes})
        try:
            changed = Settings.model_construct(**{k: _part(k, v) for k, v in values.items()})
            changed._origins = {**self._origins, **dict.fromkeys(changes, "stack")}
        except ValidationError as error:
            raise SettingsError(_explain(error, {})) from error
        return changed

    def environment(self) -> dict[str, str]:
        """The same settings as ``NADI_…`` variables, for a child process; paths are absolute."""
        return {
            variable(key): "null" if value is None else str(value)
            for key, value in {
                **self.values(),
                "data_dir": self.data_dir.absolute(),
                "profile": resolve_profile(self.profile),
            }.items()
        }


def variable(key: str) -> str:
    """The environment variable of a dotted key."""
    return PREFIX + key.upper().replace(".", "__")


def known_keys() -> dict[str, str]:
    """Every dotted key and its description."""
    return dict(_describe(Settings))


def mask(key: str, value: Any) -> Any:
    """The value with a URL's password, or a whole secret, replaced."""
    if not isinstance(value, str) or not value:
        return value
    if _SECRET_NAME.search(key.rsplit(".", 1)[-1]):
        return MASK
    return _URL_PASSWORD.sub(rf"\1:{MASK}@", value)


def resolve_profile(name_or_path: str) -> Path:
    """The absolute folder of a profile. Raises SettingsError when neither a shipped name nor a folder."""
    shipped = PROFILES / name_or_path
    if re.fullmatch(r"[a-z0-9-]+", name_or_path) and shipped.is_dir():
        return shipped.absolute()
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return path.absolute()
    names = ", ".join(sorted(p.name for p in PROFILES.iterdir() if p.is_dir() and not p.name.startswith("_")))
    raise SettingsError(f"profile {name_or_path!r} is neither a shipped profile ({names}) nor a folder")


def _sources(
    settings_cls: type[BaseSettings], flags: PydanticBaseSettingsSource
) -> list[tuple[str, PydanticBaseSettingsSource]]:
    return [
        ("flag", flags),
        ("environment", _Environment(settings_cls)),
        (str(LOCAL_FILE), TomlConfigSettingsSource(settings_cls, LOCAL_FILE)),
        (str(SYSTEM_FILE), TomlConfigSettingsSource(settings_cls, SYSTEM_FILE)),
    ]


class _Environment(EnvSettingsSource):
    """The environment, where a variable with our prefix that no key has is kept, so that it is refused."""

    def __call__(self) -> dict[str, Any]:
        known = {variable(key): key for key in known_keys()}
        found = {name: os.environ[name] for name in os.environ if name.startswith(PREFIX)}
        return _nest(
            {
                known.get(name, name.removeprefix(PREFIX).lower().replace("__", ".")): None
                if text == "null"
                else text
                for name, text in found.items()
                if name not in NOT_SETTINGS and not name.startswith("_")
            }
        )


def _origins(sources: list[tuple[str, PydanticBaseSettingsSource]]) -> dict[str, str]:
    origins: dict[str, str] = {}
    for name, source in sources:
        for key, _ in _flatten(source()):
            origins.setdefault(key, f"{name} {variable(key)}" if name == "environment" else name)
    return origins


def _refuse_unknown(origins: Mapping[str, str]) -> None:
    known = known_keys()
    wrong = []
    for key in sorted(set(origins) - set(known)):
        near = difflib.get_close_matches(key, known, 1) or [k for k in known if k.endswith("." + key)]
        hint = f"; did you mean {near[0]}?" if near else "; `nadi config show` lists the keys"
        wrong.append(f"unknown setting {key} ({origins[key]}){hint}")
    if wrong:
        raise SettingsError("\n".join(wrong))


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        shown = mask(key, problem["input"])
        lines.append(f"setting {key} = {shown!r} ({origins.get(key, 'default')}): {problem['msg']}")
    return "\n".join(lines)


def _part(key: str, value: Any) -> Any:
    annotation = Settings.model_fields[key].annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.model_validate(value)
    return Path(value) if key == "data_dir" else value


def _nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        *parents, leaf = key.split(".")
        level = nested
        for parent in parents:
            below = level.setdefault(parent, {})
            if not isinstance(below, dict):
                raise SettingsError(
                    f"setting {parent} = {mask(parent, below)!r} is a section; set {key} instead"
                )
            level = below
        level[leaf] = value
    return nested


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _describe(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _describe(annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, field.description or ""
