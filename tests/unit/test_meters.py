"""Counts of several processes: none is lost, none is doubled, and counting costs next to nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dispatcher import measures
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.settle import Settlement
from dispatcher.words import Answer, Channel
from workers import meters
from workers.tally import Tally

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def values(tally: Tally) -> dict[str, float]:
    """What is told, by name and labels as they are written."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(tally.text().decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Tally]:
    """This process counts in a home of the test's own."""
    yield meters.begin(tmp_path)
    meters.end()


def test_what_alarms_watch_is_told_from_nothing(counting: Tally) -> None:
    """Thirty leases ran out at once after a start: Prometheus sees a rise from 0, and not a count born at 30."""
    found = values(counting)
    assert found["quanzu_leases_expired_total{}"] == 0
    assert found["quanzu_alerts_total{door=queue,status=refused}"] == 0
    assert found["quanzu_bells_total{lane=urgent,result=lost}"] == 0
    assert found["quanzu_broker_probes_total{result=lost}"] == 0
    meters.acted("free_leases", 30)
    assert values(counting)["quanzu_leases_expired_total{}"] == 30


def letter(number: int, *, level: str = "L1", waited: float = 0.2) -> Letter:
    """A text on its way, planned some seconds ago."""
    return Letter(
        uuid4(),
        uuid4(),
        1,
        1,
        f"ref{number}",
        Channel.SMS,
        "+8613800000000",
        "…",
        False,
        carrier="simulator",
        risk=level,
        planned_at=NOON - timedelta(seconds=waited),
        case_id=uuid4(),
    )


def test_nothing_is_counted_until_it_is_asked_for() -> None:
    """A command that is no server counts nothing, and makes no folder for it."""
    meters.end()
    meters.settled([], 0)
    meters.rang("urgent", "sent", 3)
    assert meters.tally() is None


def test_answers_are_counted_by_channel_carrier_and_answer(counting: Tally) -> None:
    """A carrier took two texts and was unsure of one, whose lease had run out: operators see each where it belongs."""
    taken = [Settlement(letter(one, waited=one), Answered(Answer.ACCEPTED), NOON) for one in (1, 20)]
    lost = Settlement(letter(3), Answered(Answer.UNSURE), NOON)
    meters.settled([*taken, lost], counted=2)
    told = values(counting)
    assert told["quanzu_dispatches_total{answer=accepted,carrier=simulator,channel=sms}"] == 2
    assert told["quanzu_dispatches_total{answer=unsure,carrier=simulator,channel=sms}"] == 1
    assert told["quanzu_answers_void_total{}"] == 1
    in_time = "quanzu_alert_to_handed_over_seconds_bucket{channel=sms,le=%s,level=L1}"
    assert (told[in_time % "0.5"], told[in_time % "1.0"], told[in_time % "30.0"]) == (0, 1, 2)
    assert told["quanzu_alert_to_handed_over_seconds_sum{channel=sms,level=L1}"] == pytest.approx(21)


def test_no_label_names_a_person(counting: Tally) -> None:
    """A number and a reference went through the counters' hands: nothing that is told repeats them."""
    one = letter(1)
    meters.settled([Settlement(one, Answered(Answer.REFUSED, code="secret-code"), NOON)], counted=1)
    told = counting.text().decode()
    for secret in (one.to, one.reference, "secret-code", str(one.case_id), str(one.dispatch_id)):
        assert secret not in told


def test_leases_that_ran_out_are_counted_where_the_clock_frees_them(counting: Tally) -> None:
    """Two workers died: the clock freed five leases, and the alarm's figure says five."""
    meters.acted("free_leases", 5)
    meters.acted("free_leases", 0)
    assert values(counting)["quanzu_leases_expired_total{}"] == 5


def _child(tally: Tally, many: int) -> None:
    for _ in range(many):
        tally.add(measures.CLAIMS, ("sms",))


def test_forked_children_count_apart_and_are_told_together(counting: Tally) -> None:
    """A pool's processes were forked after their parent had counted: the sum is everybody's, once."""
    _child(counting, 10)
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_child, args=(counting, 100)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert values(counting)["quanzu_claims_total{channel=sms}"] == 310


def test_a_child_forked_in_the_middle_of_a_count_counts_all_the_same(counting: Tally) -> None:
    """A thread held the counters' lock at the moment of a fork: the child does not wait for it for ever."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with counting._lock:  # the lock that a fork would copy
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    child = multiprocessing.get_context("fork").Process(target=_child, args=(counting, 1))
    child.start()
    child.join(30)
    stuck = child.is_alive()
    if stuck:
        child.kill()
    done.set()
    holder.join()
    assert not stuck
    assert values(counting)["quanzu_claims_total{channel=sms}"] == 1


def test_counts_of_the_dead_stay_and_their_files_go(counting: Tally, tmp_path: Path) -> None:
    """Ten workers came and were killed: the sum never falls, and the folder does not grow with them."""
    context = multiprocessing.get_context("fork")
    for _ in range(3):
        child = context.Process(target=_child, args=(counting, 5))
        child.start()
        child.join(60)
    before = values(counting)
    counting.tidy()
    counting.tidy()
    assert values(counting) == before
    assert before["quanzu_claims_total{channel=sms}"] == 15
    ours = f"counter_{os.getpid()}.db"
    assert {path.name for path in tmp_path.glob("metrics/*/*.db")} == {"counter_gone.db", ours}


def test_a_killed_process_keeps_what_it_counted(tmp_path: Path) -> None:
    """A worker was ended by SIGKILL in the middle of its work: what it had counted is told."""
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom dispatcher import measures\nfrom workers.tally import Tally\n"
        f"t = Tally(Path({str(tmp_path)!r}))\nt.add(measures.CLAIMS, ('sms',), 7)\n"
        "print('counted', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"counted\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    assert values(Tally(tmp_path))["quanzu_claims_total{channel=sms}"] == 7


def test_a_broken_file_hides_no_other(counting: Tally, tmp_path: Path) -> None:
    """A disk fault left half a file: the rest is told."""
    meters.rang("urgent", "sent", 2)
    (folder,) = tmp_path.glob("metrics/*")
    (folder / "counter_999999999.db").write_bytes(b"\xff\xff\x00\x00half")
    assert values(counting)["quanzu_bells_total{lane=urgent,result=sent}"] == 2
    counting.tidy()
    assert values(counting)["quanzu_bells_total{lane=urgent,result=sent}"] == 2


def test_a_full_disk_stops_counting_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk was full when a worker began to count: it works on, uncounted, and is not killed by a write."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    tally = Tally(tmp_path)
    tally.add(measures.CLAIMS, ("sms",))
    tally.observe(measures.SWEEP, (), [0.1])
    assert values(tally) == {}


def test_folders_of_hosts_that_are_no_more_are_removed(counting: Tally, tmp_path: Path) -> None:
    """A container that had another name last week has left a folder: it goes, and yesterday's stays."""
    for name, days in (("last-week", 7), ("yesterday", 1)):
        folder = tmp_path / "metrics" / name
        folder.mkdir(parents=True)
        (folder / "counter_1.db").write_bytes(b"")
        old = time.time() - days * 86_400
        os.utime(folder / "counter_1.db", (old, old))
        os.utime(folder, (old, old))
    meters.rang("urgent", "sent", 1)
    counting.tidy()
    assert {path.name for path in (tmp_path / "metrics").iterdir()} >= {"yesterday"}
    assert not (tmp_path / "metrics" / "last-week").exists()


def test_every_measure_has_a_name_that_fits_and_labels_that_are_few() -> None:
    """Somebody adds a metric: its name, its unit and its labels follow the rules of the others."""
    names = [measure.name for measure in (*measures.EVENTS, *measures.STANDINGS)]
    assert len(set(names)) == len(names)
    allowed = {
        "door",
        "status",
        "channel",
        "carrier",
        "answer",
        "level",
        "lane",
        "fate",
        "held",
        "way",
        "result",
        "to",
        "duty",
        "kind",
        "reason",
        "state",
    }
    for measure in (*measures.EVENTS, *measures.STANDINGS):
        assert measure.name.startswith("quanzu_") and measure.says.endswith(".")
        assert set(measure.labels) <= allowed
        assert list(measure.buckets) == sorted(measure.buckets)
