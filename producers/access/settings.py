"""Settings of the vault of identities."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class IdentitySettings(BaseModel):
    """Whether it is kept what tokens stand for, and where its key is."""

    model_config = ConfigDict(extra="forbid")

    vault: bool = Field(
        False, description="keep what tokens stand for, encrypted, so that it can be revealed"
    )
    key_file: Path | None = Field(
        None, description="key of the vault, better on another disk; empty: vault.key in the data folder"
    )

    def vault_path(self, data_dir: Path) -> Path:
        return data_dir / "identity" / "vault.db"

    def vault_key(self, data_dir: Path) -> Path:
        return self.key_file or data_dir / "identity" / "vault.key"
