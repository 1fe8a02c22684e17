"""What every carrier's section in the carriers file has in common.

A secret is never written in that file: `{ env = "NAME" }` or `{ file = "PATH" }` says where it is.
"""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from config.files import text_of


def _fetched(value: Any) -> Any:
    """The secret itself. Raises: ValueError: it is written in the file, or is not where the file says it is."""
    match value:
        case SecretStr():
            return value
        case {"env": str(name)} if len(value) == 1:
            found = os.environ.get(name, "")
            if not found:
                raise ValueError(f"the environment variable {name} is not set")
            return found
        case {"file": str(path)} if len(value) == 1:
            try:
                return text_of(Path(path))
            except OSError as fault:
                raise ValueError(f"must name a file that can be read: {fault.strerror}") from None
    raise ValueError('must say where the secret is: { env = "NAME" } or { file = "PATH" }')


def _in_an_address(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", secret.get_secret_value()):
        raise ValueError("must be letters, digits, - and _ only, since it is part of an address: openssl rand -hex 24")
    return secret


Secret = Annotated[SecretStr, BeforeValidator(_fetched)]
"""A secret of a carrier, fetched when the file is read; shown as stars wherever it is printed."""

AddressSecret = Annotated[Secret, AfterValidator(_in_an_address)]
"""A secret that stands in an address as it is: what would be escaped, or end a step of its path, finds no door."""


class Section(BaseModel):
    """A part of the carriers file: unknown fields are refused, and no fault repeats a value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Window(Section):
    """How often a carrier lets one person be reached in a sliding window of `seconds`."""

    most: int = Field(ge=1)
    seconds: int = Field(ge=1, le=30 * 86_400)


class CarrierSettings(Section):
    """The fields of every carrier; each kind adds its own, and says its `kind` and `channel`.

    `name` is the section's title: attempts and receipts are kept under it. `per_s` 0 means no limit. `windows` hold
    for one person each; those that the vendor documents are the default of its kind. `slow_s`: a request that is out
    for longer tells against the carrier before it has ended, so that a carrier that hangs is soon passed by. `codes`
    overrides what a code of the vendor's means, by one of our outcomes or `not_final`. `callback_secret` is part of
    the address that the vendor calls.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")
    kind: str
    channel: Literal["sms", "call"]
    live: bool = True
    per_s: float = Field(default=0.0, ge=0, le=100_000)
    windows: tuple[Window, ...] = ()
    request_timeout_s: float = Field(default=6.0, gt=0, le=25)
    slow_s: float = Field(default=1.5, gt=0, le=25)
    codes: dict[str, str] = Field(default_factory=dict)
    callback_secret: AddressSecret | None = None
    callback_networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def calls_back(self) -> bool:
        """Whether it tells its news at an address of ours."""
        return True

    @property
    def signing_secret(self) -> SecretStr | None:
        """What the vendor signs its callbacks with; None where it signs nothing."""
        return None
