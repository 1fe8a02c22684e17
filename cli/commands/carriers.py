"""`carriers list|health|balance|test`: what is configured, how it fares, what an account holds, one trial letter."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol, runtime_checkable

import typer
from sqlalchemy import select

from cli.commands.data import existing
from cli.home import open_store
from cli.logs import set_up_logs
from cli.say import as_json, fail, out, plainly
from config.carriers import CarrierSettings
from config.carriers.file import Carriers, load_carriers
from config.settings import Settings, load_settings
from dispatcher import tables
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.ids import new_id, new_stem
from dispatcher.texts import text_for
from dispatcher.words import Channel, FraudType
from workers.carriers import Carrier, Registry
from workers.carriers.client import CarrierClient

app = typer.Typer(help="Carriers: what is configured, how it fares, and one trial letter.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The carrier's name: the title of its section.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
E164 = re.compile(r"\+[1-9]\d{6,14}")


@runtime_checkable
class Describes(Protocol):
    """A carrier that can show the request it would send."""

    def describe(self, channel: Channel, letter: Letter) -> str:
        """The request, secrets as stars."""
        ...


@runtime_checkable
class HasBalance(Protocol):
    """A carrier whose account can be asked."""

    async def balance(self) -> str | None:
        """What it holds; None when it did not tell."""
        ...


@app.command("list")
def list_(json_: Json = False) -> None:
    """Every configured carrier: kind, routes, rate, windows, and who would be contacted by it. Secrets are not shown.

    Example: quanzu carriers list
    """
    with plainly():
        settings, carriers = _configured()
        rows = asyncio.run(_rows(settings, carriers))
    if json_:
        as_json(rows)
        return
    for row in rows:
        live = "LIVE" if row["live"] else "simulated"
        out.print(f"{row['name']}  {row['channel']}  {row['kind']}  {live}", markup=False)
        out.print(f"  contacts {row['contacts']}", markup=False, soft_wrap=True)
        rate = f"{row['per_s']:g} a second" if row["per_s"] else "no limit"
        windows = ", ".join(f"{one['most']} in {one['seconds']} s" for one in row["windows"]) or "no windows"
        out.print(f"  routes {', '.join(row['routes']) or 'none'}; {rate}; {windows}", markup=False, soft_wrap=True)


@app.command()
def health(json_: Json = False) -> None:
    """How each carrier fares: passed by or not, failures, latency, tokens, and what we must mend.

    Example: quanzu carriers health
    """
    with plainly():
        settings, carriers = _configured()
        with open_store(existing(settings)).read() as connection:
            fares = {row.carrier: dict(row._mapping) for row in connection.execute(select(tables.carrier_health))}
            buckets = connection.execute(select(tables.buckets)).mappings().all()
    tokens = {(row["carrier"], row["channel"]): row["tokens"] for row in buckets}
    told = [_fares(one, fares.get(one.name), tokens.get((one.name, one.channel))) for one in carriers.sections]
    if json_:
        as_json(told)
        return
    for row in told:
        out.print("  ".join(str(part) for part in _line(row)), markup=False, soft_wrap=True)


@app.command()
def balance(name: Name, json_: Json = False) -> None:
    """What the account of a carrier holds, as the carrier tells it.

    Example: quanzu carriers balance twilio
    """
    with plainly():
        settings, carriers = _configured()
        section = _section(carriers, name)
        told = asyncio.run(_balance(settings, carriers, section))
    if told is None:
        raise fail(f"{name} did not tell what its account holds", code=1)
    if json_:
        as_json({"carrier": name, "balance": told})
    else:
        out.print(f"{name}: {told}", markup=False)


@app.command()
def test(
    name: Name,
    to: Annotated[str, typer.Option("--to", help="Whom to contact: a number with its country, such as +8613…")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the exact request, secrets as stars; send nothing.")
    ] = False,
    json_: Json = False,
) -> None:
    """Send one real letter to a number, which is asked for once more. No case is opened and nothing is repeated.

    Exit code 1 unless the carrier takes it.
    Example: quanzu carriers test kannel-a --to +8613800000000 --dry-run
    """
    with plainly():
        settings, carriers = _configured()
        section = _section(carriers, name)
        if E164.fullmatch(to) is None:
            raise fail("--to must be a number with its country: + and 7 to 15 digits")
        letter = _letter(section, to)
        if dry_run:
            _say(
                {
                    "carrier": name,
                    "sent": False,
                    "request": asyncio.run(_described(settings, carriers, section, letter)),
                },
                json_,
            )
            return
        if not section.live:
            raise fail(f"{name} is simulated: nobody would be contacted; `--dry-run` shows its request")
        _typed_again(section, to)
        answered = asyncio.run(_sent(settings, carriers, section, letter))
    told = {"carrier": name, "sent": True, "answer": answered.answer.value, "code": answered.code}
    _say(told | {"outcome": answered.outcome, "reference": letter.reference}, json_)
    raise typer.Exit(0 if answered.answer.value == "accepted" else 1)


def _configured() -> tuple[Settings, Carriers]:
    set_up_logs("WARNING")
    settings = load_settings()
    return settings, load_carriers(settings)


def _section(carriers: Carriers, name: str) -> CarrierSettings:
    found = carriers.of(name)
    if found is None:
        raise fail(f"there is no such carrier; there are {', '.join(sorted({one.name for one in carriers.sections}))}")
    return found


async def _made(settings: Settings, carriers: Carriers, section: CarrierSettings) -> Carrier:
    registry = Registry(carriers, CarrierClient, callback_base=settings.callback_base)
    return registry.carrier(section.name, Channel(section.channel))


async def _rows(settings: Settings, carriers: Carriers) -> list[dict[str, Any]]:
    return [
        {
            "name": section.name,
            "channel": section.channel,
            "kind": section.kind,
            "live": section.live,
            "contacts": (await _made(settings, carriers, section)).contacts,
            "routes": _routes(carriers, section),
            "per_s": section.per_s,
            "windows": [{"most": window.most, "seconds": window.seconds} for window in section.windows],
        }
        for section in carriers.sections
    ]


def _routes(carriers: Carriers, section: CarrierSettings) -> list[str]:
    levels = carriers.routes.get(section.channel, {})
    return [level for level, route in sorted(levels.items()) if section.name in route.carriers]


def _fares(section: CarrierSettings, row: dict[str, Any] | None, tokens: float | None) -> dict[str, Any]:
    known = row or {}
    return {
        "name": section.name,
        "channel": section.channel,
        "state": known.get("state", "closed"),
        "since": known.get("since"),
        "probe_at": known.get("probe_at"),
        "failed": round(known.get("failed", 0.0), 1),
        "asked": round(known.get("asked", 0.0), 1),
        "latency_s": known.get("latency_s"),
        "our_fault": known.get("our_fault_code"),
        "our_fault_at": known.get("our_fault_at"),
        "tokens": None if tokens is None else round(tokens, 1),
    }


def _line(row: dict[str, Any]) -> list[object]:
    passed_by = {"closed": "used", "open": "PASSED BY", "half_open": "being tried"}[row["state"]]
    latency = "–" if row["latency_s"] is None else f"{row['latency_s'] * 1000:.0f} ms"
    told = [row["name"], row["channel"], passed_by, f"{row['failed']:g} of {row['asked']:g} failed lately", latency]
    if row["tokens"] is not None:
        told.append(f"{row['tokens']:g} tokens")
    if row["our_fault"] is not None:
        told.append(f"OUR FAULT: {row['our_fault']} at {row['our_fault_at']:%Y-%m-%d %H:%M:%S}Z")
    return told


def _letter(section: CarrierSettings, to: str) -> Letter:
    """One text or call in the words of the common warning, of no case."""
    fraud_type = FraudType.OTHER
    reference = f"{new_stem()}1"
    return Letter(
        dispatch_id=new_id(),
        attempt_id=new_id(),
        number=1,
        fence=0,
        reference=reference,
        channel=Channel(section.channel),
        to=to,
        text=text_for(fraud_type),
        flash=False,
        text_id=fraud_type.value,
        carrier=section.name,
        planned_at=datetime.now(UTC),
    )


def _typed_again(section: CarrierSettings, to: str) -> None:
    """Raises: Exit: another number, or none."""
    what = "text" if section.channel == "sms" else "call"
    question = f"{section.name} is live: a real {what} goes to {to}. Type the number again"
    if typer.prompt(question, err=True, default="", show_default=False) != to:
        raise fail("another number was typed; nothing was sent", code=1)


async def _described(settings: Settings, carriers: Carriers, section: CarrierSettings, letter: Letter) -> str:
    made = await _made(settings, carriers, section)
    if not isinstance(made, Describes):
        raise fail(f"{section.name}: its kind, {section.kind}, cannot show its request")
    return made.describe(letter.channel, letter)


async def _balance(settings: Settings, carriers: Carriers, section: CarrierSettings) -> str | None:
    made = await _made(settings, carriers, section)
    if not isinstance(made, HasBalance):
        raise fail(f"{section.name}: its kind, {section.kind}, has no account that can be asked")
    return await made.balance()


async def _sent(settings: Settings, carriers: Carriers, section: CarrierSettings, letter: Letter) -> Answered:
    (answered,) = await (await _made(settings, carriers, section)).send(letter.channel, [letter])
    return answered


def _say(told: dict[str, Any], json_: bool) -> None:
    if json_:
        as_json(told)
        return
    for name, value in told.items():
        if value is not None:
            out.print(f"{name}: {value}", markup=False, soft_wrap=True)
