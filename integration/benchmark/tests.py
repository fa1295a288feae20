"""Tests of what needs neither root nor relays: parsing counts, medians, ratios, tables, pictures. python3 -m unittest benchmark.tests"""

import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

from . import counting, document, pictures, table, targets
from .result import NotTheSame, Result, Unreadable
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
                         "figures": {"rate": value, "cpu": 100 / value, "data_p99": 5.0, "messages": 10, "ends_share": 0.5}})
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
    LATER = {"machine": {"processors": "2", "date": "2026-11-23", "commit": "abc"}, "versions": {"waxwing": "1"}}

    def test_rows_of_a_later_run_replace(self) -> None:
        result = sample()
        result.add_to()
        result.take(self.LATER)
        self.assertEqual(len(result.values("accept-20", "waxwing", "rate")), 3)
        for rate in (700.0, 800.0):
            result.take({"row": "accept-20", "relay": "waxwing", "counted": False, "figures": {"rate": rate}})
        result.take({"part": "cold", "found": {"rate": 1.0}})
        self.assertEqual(result.values("accept-20", "waxwing", "rate"), [700.0, 800.0])
        self.assertEqual(result.relays("accept-20"), ["waxwing"])
        self.assertEqual(len(result.parts["queue"]), 2)
        self.assertIn(("later", "2026-11-23, abc: accept-20, cold"), result.facts())

    def test_failures_of_a_row_go_with_it(self) -> None:
        result = sample()
        result.take({"row": "dane-20", "relay": "exim", "failure": "no"})
        result.add_to()
        result.take(self.LATER)
        result.take({"row": "dane-20", "relay": "exim", "counted": False, "figures": {"rate": 1.0}})
        self.assertEqual(result.failures, [])

    def test_another_machine_is_refused(self) -> None:
        result = sample()
        result.add_to()
        with self.assertRaises(NotTheSame):
            result.take({"machine": {"processors": "64"}, "versions": {}})
        with self.assertRaises(NotTheSame):
            result.take({"machine": {"processors": "2"}, "versions": {"waxwing": "2"}})

    def test_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.json"
            result = sample()
            result.add_to()
            result.write(path)
            self.assertEqual(Result.read(path).runs, result.runs)
            for octets in (b"", b"[]", b'{"run": 1}', b"\xff"):
                path.write_bytes(octets)
                with self.assertRaises(Unreadable):
                    Result.read(path)
            with self.assertRaises(Unreadable):
                Result.read(Path(folder) / "none")


class ShownTests(unittest.TestCase):
    def test_text(self) -> None:
        lines = table.text(sample()).splitlines()
        start = lines.index("accept-20: accept, 20 sessions")
        self.assertEqual(lines[start + 1].split()[:3], ["waxwing", "1,000", "40"])
        self.assertIn("50*", lines[start + 1].split())
        self.assertTrue(lines[start + 5].startswith("better by"))

    def test_columns_are_aligned(self) -> None:
        self.assertEqual(table.aligned([["a", "1", "22"], ["bcd", "333", "4"]]), ["a      1  22", "bcd  333   4"])

    def test_markdown(self) -> None:
        section = document.section(sample())
        self.assertIn("| waxwing | 1,000 |", section)
        widths = {line.count("|") for line in section.splitlines() if line.startswith(("| relay", "| waxwing", "| better by"))}
        self.assertEqual(len(widths), 1)

    def test_pictures_are_xml(self) -> None:
        drawn = pictures.all_of(sample())
        self.assertEqual(set(drawn), {"performance-rate.svg", "performance-cpu.svg", "performance-queue.svg"})
        for picture in drawn.values():
            ElementTree.fromstring(picture)

    def test_rows(self) -> None:
        self.assertEqual(len(BY_NAME), len(ROWS))
        for target in targets.TARGETS:
            self.assertIn(target.row, BY_NAME)
        for row in ROWS:
            self.assertTrue(set(row.quick_relays) <= set(row.relays) <= {*RELAYS, "straight"}, row.name)
            if row.reuse and not row.rate:
                self.assertTrue(row.name.startswith(("straight", "accept", row.security)), row.name)


if __name__ == "__main__":
    unittest.main()
