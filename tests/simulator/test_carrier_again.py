"""The carrier lived again: by the same seed, and after a restart."""

import errno
import os
import random
import stat
from pathlib import Path

import orjson
import pytest
from town_help import Receiver, letter, person, town, until

from simulator.faults import parse_faults
from simulator.ledger import Ledger, LedgerUnreadable

CROWD = [person("4321", n) for n in range(300)]
LETTER_FAULTS = parse_faults("refuse=0.1,busy=0.1,never=0.1,twice=0.1,reversed=0.1")


def live_through(receiver: Receiver, ledger: Path, seed: int, prefix: str) -> dict[str, list[tuple[str, ...]]]:
    """Ring everybody three times in a random order under new references; fates by person, ascending."""
    crowd = random.SystemRandom().sample(CROWD, len(CROWD))
    fates: dict[str, list[tuple[str, ...]]] = {phone: [] for phone in CROWD}
    with town(receiver, seed=seed, faults=LETTER_FAULTS, ledger=ledger) as desk:
        for turn in range(3):
            letters = [letter(f"{prefix}{turn}x{n}", phone) for n, phone in enumerate(crowd)]
            for phone, answer in zip(crowd, desk.answers(*letters, door="/calls"), strict=True):
                fates[phone].append((answer["answer"], answer.get("code", "")))
        entries = desk.ledger("ring")
    kept = Ledger(ledger, seed=seed)
    phones = {kept.person(phone): phone for phone in CROWD}
    for entry in entries:
        fates[phones[entry["person"]]].append((entry["outcome"], entry["news"]))
    return fates


def test_the_same_seed_lives_the_same_day_under_other_references(receiver: Receiver, tmp_path: Path) -> None:
    """Everybody meets the same answers and outcomes in two runs, whatever the references and the order."""
    first = live_through(receiver, tmp_path / "one", 7, "p")
    assert live_through(receiver, tmp_path / "two", 7, "q") == first
    assert live_through(receiver, tmp_path / "three", 8, "r") != first


def test_a_restart_continues_the_ledger(receiver: Receiver, tmp_path: Path) -> None:
    """After a restart the salt, the numbers, the counts and the answers to questions go on."""
    path, keen, silent = tmp_path / "town.jsonl", person("9920"), person("9905")
    with town(receiver, ledger=path) as desk:
        desk.answers(letter("s1", keen), letter("s2", silent))
        until(lambda: desk.ledger("news"))
        salt, before = desk.http.get("/ledger").json()["salt"], desk.ledger()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(path.read_bytes() + b'{"n":99,"torn')
    with town(receiver, ledger=path) as desk:
        assert desk.http.get("/ledger").json()["salt"] == salt
        assert desk.ledger() == before
        known, withheld = desk.ask("s1", "s2")
        assert (known["code"], withheld["found"], withheld["code"]) == ("DELIVRD", True, None)
        desk.answers(letter("s3", keen))
        assert [entry["n"] for entry in desk.ledger()][: len(before) + 1] == list(range(1, len(before) + 2))
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert [line["kind"] for line in lines].count("ledger") == 1
    assert keen not in path.read_text()


def test_news_promised_before_a_restart_is_told_after_it(receiver: Receiver, tmp_path: Path) -> None:
    """A carrier is stopped while nobody takes its news, and tells it when it is back, with the same id."""
    path = tmp_path / "town.jsonl"
    receiver.status = 503
    with town(receiver, ledger=path) as desk:
        [answer] = desk.answers(letter("t1", person("9920")))
    assert receiver.news == []
    receiver.status = 200
    with town(receiver, ledger=path):
        until(lambda: receiver.codes("t1"))
    assert receiver.news[0]["carrier_id"] == answer["carrier_id"]


def test_news_is_told_until_it_is_taken(receiver: Receiver) -> None:
    """A receiver that fails at first hears the news when it has recovered."""
    receiver.status = 500
    with town(receiver) as desk:
        desk.answers(letter("u1", person("9920")))
        until(lambda: desk.ask("u1")[0]["code"])
        assert desk.ledger("news") == []
        receiver.status = 200
        until(lambda: desk.ledger("news"))
    assert receiver.codes("u1") == ["DELIVRD"]


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    """Somebody names a shopping list as the ledger; it stays as it is."""
    path = tmp_path / "list.txt"
    path.write_text("milk\n")
    with pytest.raises(LedgerUnreadable):
        Ledger(path, seed=1)
    assert path.read_text() == "milk\n"


def test_a_full_disk_loses_no_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full for a while and takes half a line before; afterwards every entry is there, once."""
    ledger = Ledger(tmp_path / "town.jsonl", seed=1)
    write, room = os.write, [7, 0]

    def grudging(file: int, data: bytes) -> int:
        left = room.pop(0) if room else len(data)
        if not left:
            raise OSError(errno.ENOSPC, "no space")
        return write(file, bytes(data)[:left])

    monkeypatch.setattr(os, "write", grudging)
    ledger.write("door", reference=None, person=None, callback="http://127.0.0.1:9/")
    ledger.write("ignored", reference="w1", person=None)
    ledger.close()
    monkeypatch.undo()
    kinds = [orjson.loads(line)["kind"] for line in (tmp_path / "town.jsonl").read_bytes().splitlines()]
    assert kinds == ["ledger", "door", "ignored"]


@pytest.mark.parametrize("most", [1, 7])
def test_a_carrier_tells_no_more_news_at_once_than_it_may(receiver: Receiver, most: int) -> None:
    """Twenty people's news comes in callbacks of at most so many pieces, whole, once, and a few callbacks at a time."""
    crowd = [letter(f"m{most}x{n}", phone) for n, phone in enumerate(CROWD[:20])]
    with town(receiver, news_most=most, news_posts=3) as desk:
        desk.answers(*crowd)
        until(lambda: len(receiver.news) >= len(crowd))
    told = [len(orjson.loads(body)["news"]) for body, _ in receiver.posts]
    assert max(told) <= most
    assert sorted(item["reference"] for item in receiver.news) == sorted(one["reference"] for one in crowd)
