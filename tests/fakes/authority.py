"""A certificate authority of one's own, made by openssl for the run."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.programs import find_program

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """A certificate authority and its folder."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, name: str, *extra: str) -> tuple[Path, Path]:
        """Certificate and key for ``name``, signed by this authority."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        by = ("-CA", self.certificate, "-CAkey", self.folder / "ca.key") if self.certificate.exists() else ()
        command = (find_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
        files = ("-keyout", key, "-out", certificate)
        subprocess.run((*command, "-subj", f"/CN={name}", *extra, *by, *files), check=True, capture_output=True)
        key.chmod(0o644)  # the daemon gives up root and reads it as another user
        return certificate, key
