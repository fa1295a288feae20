"""Tests of what needs neither root nor relays: parsing counts, medians, ratios, tables, pictures. python3 -m unittest benchmark.tests"""

import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

from . import counting, document, further, pictures, table, targets
from .result import Result, Unreadable
from .rows import BY_NAME, RELAYS, ROWS

PERF = """\
# started on Sun Nov 22 11:21:10 2026

337,,raw_syscalls:sys_enter,btest,4386182,100.00,,
2,,syscalls:sys_enter_fsync,btest,4386182,100.00,,
<not counted>,,syscalls:sys_enter_fdatasync,btest,0,100.00,,
7,,context-switches,btest,4386182,100.00,,
"""
STRACE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 94.55    1.476584         107     13739           epoll_wait
  2.18    0.034114          23      1467       248 connect
  0.91    0.014212          71       200           fsync
  0.89    0.013956          69       150         3 fdatasync
------ ----------- ----------- --------- --------- ----------------
100.00    1.561668          13     15556       251 total
"""


def sample() -> Result:
    result = Result(machine={"processors": "2"}, versions={"waxwing": "1"})
    rates = {"waxwing": (900.0, 1000.0, 1300.0), "postfix": (200.0, 210.0, 220.0), "postfix-tuned": (240.0, 250.0, 260.0), "exim": (100.0,)}
    for relay, values in rates.items():
        for value in values:
            result.take({"row": "accept-20", "relay": relay, "counted": False,
                         "figures": {"rate": value, "cpu": 100 / value, "data_p99": 5.0, "messages": 10, "ends_share": 0.5, "busier_end": 0.8}})
        result.take({"row": "accept-20", "relay": relay, "counted": True,
                     "figures": {"memory": value / 10, "fsync": 1.0, "fdatasync": 1.0, "calls": 30.0}})
    result.take({"part": "queue", "found": {"waiting": 0, "cpu": 0.5}})
    result.take({"part": "queue", "found": {"waiting": 1_000_000, "cpu": 0.6, "enqueue_rate": 8000.0, "memory": 300.0}})
    return result


class CountTests(unittest.TestCase):
    def test_perf(self) -> None:
        self.assertEqual(counting.perf_counts(PERF), {"calls": 337, "fsync": 2, "switches": 7})

    def test_strace(self) -> None:
        self.assertEqual(counting.strace_counts(STRACE), {"calls": 15556, "fsync": 200, "fdatasync": 150})


class ResultTests(unittest.TestCase):
    def test_median_and_spread(self) -> None:
        result = sample()
        self.assertEqual(result.median("accept-20", "waxwing", "rate"), 1000)
        self.assertAlmostEqual(result.spread("accept-20", "waxwing", "rate"), 0.4)
        self.assertEqual(result.median("accept-20", "waxwing", "calls"), 30)
        self.assertIsNone(result.median("accept-20", "waxwing", "way_p50"))
        self.assertIsNone(result.median("dane-20", "waxwing", "rate"))

    def test_ratio_is_to_the_better_postfix(self) -> None:
        result = sample()
        self.assertEqual(table.ratio(result, "accept-20", "rate", "more"), 4)
        self.assertEqual(table.ratio(result, "accept-20", "cpu", "less"), 4)
        self.assertEqual(table.ratio(result, "accept-20", "syncs", "less"), 1)
        self.assertIsNone(table.ratio(result, "dane-20", "rate", "more"))

    def test_targets(self) -> None:
        reached = {line[0]: line[1:] for line in targets.judged(sample(), table.ratio, table.figure_of)}
        self.assertEqual(reached["accept-20: messages per second"], ["4.00×", "≥ 5×", "≥ 8×", "MISSED"])
        self.assertEqual(reached["accept-20: system calls per message"], ["30", "< 40", "≤ 20", "met"])


class AddingTests(unittest.TestCase):
    def later(self) -> Result:
        return Result(machine={"processors": "2", "date": "2026-11-23", "commit": "abc"}, versions={"waxwing": "1"})

    def rates(self, result: Result, relay: str, rates: list[float], row: str = "accept-20") -> None:
        for rate in rates:
            result.take({"row": row, "relay": relay, "counted": False, "figures": {"rate": rate}})

    def test_whole_rows_replace(self) -> None:
        later = self.later()
        self.rates(later, "waxwing", [700.0, 800.0, 900.0])
        self.rates(later, "postfix", [1.0, 2.0])
        later.take({"part": "queue", "found": {"rate": 1.0}})
        later.take({"part": "cold", "found": {"rate": 1.0}})
        result = sample().with_later(later, 3, frozenset({"cold"}))
        self.assertEqual(result.values("accept-20", "waxwing", "rate"), [700.0, 800.0, 900.0])
        # Two of three repetitions, a part that has not ended, and what was not measured: as before.
        self.assertEqual(result.values("accept-20", "postfix", "rate"), [200.0, 210.0, 220.0])
        self.assertEqual(result.values("accept-20", "exim", "rate"), [100.0])
        self.assertEqual(result.median("accept-20", "waxwing", "calls"), 30)
        self.assertEqual(len(result.parts["queue"]), 2)
        self.assertEqual(len(result.parts["cold"]), 1)
        self.assertIn(("later", "2026-11-23, abc: accept-20 (waxwing), cold"), result.facts())

    def test_what_fails_replaces_nothing(self) -> None:
        later = self.later()
        self.rates(later, "waxwing", [1.0, 2.0, 3.0])
        later.take({"row": "accept-20", "relay": "waxwing", "failure": "no"})
        result = sample().with_later(later, 3)
        self.assertEqual(result.median("accept-20", "waxwing", "rate"), 1000)
        self.assertEqual(result.added, [])

    def test_failures_of_a_row_go_with_it(self) -> None:
        result = sample()
        result.take({"row": "dane-20", "relay": "exim", "failure": "no"})
        later = self.later()
        self.rates(later, "exim", [1.0], "dane-20")
        self.assertEqual(result.with_later(later, 1).failures, [])

    def test_another_machine_or_program(self) -> None:
        self.assertEqual(sample().differences(self.later()), "")
        self.assertEqual(sample().differences(Result(machine={"processors": "64"})), "processors: 64 instead of 2")
        other = Result(versions={"waxwing": "2"})
        self.assertEqual(sample().differences(other), "waxwing: 2 instead of 1")
        self.assertEqual(sample().differences(other, parts_only=True), "")
        other.take({"part": "cold", "found": {"rate": 1.0}})
        merged = sample().with_later(other, 3, frozenset({"cold"}))
        self.assertIn(("waxwing", "1"), merged.facts())
        self.assertIn("cold, by 2", merged.added[0])

    def test_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.json"
            result = sample()
            result.write(path)
            self.assertEqual(Result.read(path).runs, result.runs)
            for octets in (b"", b"[]", b"{}", b'{"run": 1}', b"\xff", b'{"machine": 5}', b'{"runs": {"accept-20": [1]}}',
                           b'{"runs": {"accept-20": {"exim": [{"rate": "fast"}]}}}', b'{"parts": {"cold": [3]}}'):
                path.write_bytes(octets)
                with self.assertRaises(Unreadable):
                    Result.read(path)
            with self.assertRaises(Unreadable):
                Result.read(Path(folder) / "none")


class ShownTests(unittest.TestCase):
    def test_text(self) -> None:
        lines = table.text(sample()).splitlines()
        start = lines.index("accept-20: accept, 20 sessions")
        self.assertEqual(lines[start + 1].split()[:3], ["waxwing", "1,000", "40!"])
        self.assertIn("50*", lines[start + 1].split())
        self.assertTrue(lines[start + 5].startswith("better by"))

    def test_columns_are_aligned(self) -> None:
        self.assertEqual(table.aligned([["a", "1", "22"], ["bcd", "333", "4"]]), ["a      1  22", "bcd  333   4"])

    def test_markdown(self) -> None:
        section = document.section(sample(), ["performance-cpu.svg"])
        self.assertIn("![CPU per message, milliseconds](performance-cpu.svg)", section)
        self.assertIn("| waxwing | 1,000 |", section)
        widths = {line.count("|") for line in section.splitlines() if line.startswith(("| relay", "| waxwing", "| better by"))}
        self.assertEqual(len(widths), 1)

    def test_only_a_full_run_counts_as_one(self) -> None:
        self.assertIn("accept-1 waxwing (0 of 3)", document.missing(sample(), []))
        self.assertNotIn("accept-20 waxwing", document.missing(sample(), []))
        full = sample()
        for row in ROWS:
            full.runs[row.name] = {relay: [{"rate": 1.0}] * 3 for relay in row.relays}
        self.assertEqual(document.missing(full, ["queue"]), "")
        self.assertEqual(document.missing(full, ["queue", "idle"]), "idle")

    def test_pictures_are_xml(self) -> None:
        drawn = pictures.all_of(sample())
        self.assertEqual(set(drawn), {"performance-rate.svg", "performance-cpu.svg", "performance-queue.svg"})
        for picture in drawn.values():
            ElementTree.fromstring(picture)

    def test_rows(self) -> None:
        self.assertEqual(len(BY_NAME), len(ROWS))
        for target in targets.TARGETS:
            self.assertIn(target.row, BY_NAME)
        self.assertEqual(set(table.PARTS), set(further.PARTS))
        for row in ROWS:
            self.assertTrue(set(row.quick_relays) <= set(row.relays) <= {*RELAYS, "straight"}, row.name)
            if row.reuse and not row.rate:
                self.assertTrue(row.name.startswith(("straight", "accept", row.security)), row.name)


if __name__ == "__main__":
    unittest.main()
