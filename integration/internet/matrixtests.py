"""Tests of the fault matrix, without a bed: its rows, what names a fault, and the table. python3 -m unittest internet.matrixtests"""

import sys
import tempfile
import unittest
from argparse import ArgumentTypeError
from collections import Counter
from functools import cache
from pathlib import Path

from . import matrixtable, scenario
from .domains import BY_NAME
from .faultrows import GROUPS, ROWS
from .matrix import BED_ONLY, Check, Matrix, checks_of
from .reporting import Said
from .scenario import Run, Wish, cases, rows_of

INTEGRATION = Path(__file__).resolve().parent.parent
TESTS = INTEGRATION.parent / "Tests"
PAGE = INTEGRATION.parent / "docs" / "reliability.md"
EVERY = sorted((INTEGRATION / "scenarios").glob("[0-9]*.py"))


def run_of(title: str, *arguments: object, case: str = "") -> Run:
    def scenario_sample() -> None: ...
    scenario_sample.__doc__ = title
    return Run(f"{title}: {case}" if case else title, scenario_sample, arguments)


@cache
def checks() -> list[Check]:
    return checks_of(EVERY)


def whole() -> Matrix:
    return Matrix.of(checks(), EVERY, Wish(slow=True, faults=True))


class RowTests(unittest.TestCase):
    def test_each_number_stands_there_once(self) -> None:
        self.assertEqual([row.number for rows in GROUPS.values() for row in rows], list(range(1, 127)))

    def test_each_fault_that_is_named_exists(self) -> None:
        unknown = [(check.file, check.run.title) for check in checks() if set(check.faults) - set(ROWS)]
        self.assertEqual(unknown, [])

    def test_each_unit_test_that_is_named_exists(self) -> None:
        for row in ROWS.values():
            for unit in row.units:
                file, title = unit.split(": ", 1)
                source = TESTS / f"{file}.swift"
                self.assertTrue(source.is_file() and title in source.read_text(), f"row {row.number}: no {unit}")

    def test_what_has_no_scenario_says_why(self) -> None:
        matrix = whole()
        alone, left = matrix.rows("unit tests"), matrix.rows("open")
        for row in (*alone, *left):
            self.assertTrue(row.why, f"row {row.number} has no scenario, and no reason")
        covered = len(ROWS) - len(alone) - len(left)
        print(f"\n{len(ROWS)} faults: {covered} have scenarios, {len(alone)} unit tests alone, {len(left)} are open", file=sys.stderr)
        for row in left:
            print(f"  open: {row.number} {row.what}: {row.why}", file=sys.stderr)

    def test_a_number_is_of_one_file(self) -> None:
        # The addresses of a file's relays begin with it: two of one number could meet each other's relay.
        numbers = [file.name.split("-")[0] for file in EVERY]
        self.assertEqual(sorted(numbers), sorted(set(numbers)))

    def test_titles_of_a_file_are_its_own(self) -> None:
        self.assertEqual([key for key, count in Counter(check.key for check in checks()).items() if count > 1], [])


class NameTests(unittest.TestCase):
    def test_by_title_and_case(self) -> None:
        run = run_of("F47 F48 A ticket of before", case="F49 at a host: F50")
        self.assertEqual((run.faults, run.words), ((47, 48, 49), "A ticket of before: at a host: F50"))
        self.assertEqual(run_of("A fault F47, in the middle").faults, ())
        self.assertEqual(run_of("F1234 is none").faults, ())

    def test_by_domain(self) -> None:
        self.assertEqual(run_of("The log's word", case="fault-17-stall.example, deferred").faults, (17,))
        self.assertEqual(run_of("The log's word", case="default-17.example").faults, ())

    def test_by_the_line_of_a_table(self) -> None:
        mismatch, good = BY_NAME["mismatch.example"], BY_NAME["good.example"]
        self.assertEqual(mismatch.fault, (36,))
        self.assertEqual(run_of("The log's word", mismatch, case=mismatch.name).faults, (36,))
        self.assertEqual(run_of("Sessions", (good, mismatch), case="both").faults, (36,))
        self.assertEqual(run_of("Said", Said("mismatch.example", "tlsa"), case="x").faults, (36,))
        self.assertEqual(run_of("The log's word", good, case=good.name).faults, ())
        # A text is no line that names a domain.
        self.assertEqual(run_of("A word", "mismatch.example", case="mismatch.example").faults, ())

    def test_cases_are_found(self) -> None:
        @cases((BY_NAME["mismatch.example"],), lambda domain: domain.name)
        def scenario_sample() -> None:
            """F1 A title
            and more."""
        self.assertEqual(scenario.title_of(scenario_sample), "F1 A title")


class MatrixTests(unittest.TestCase):
    def test_what_looks_at_the_bed_covers_nothing(self) -> None:
        matrix = whole()
        self.assertTrue(any(check.file in BED_ONLY for check in matrix.checks))
        self.assertFalse([check for row in ROWS.values() for check in matrix.of_row(row) if check.file in BED_ONLY])

    def test_states(self) -> None:
        matrix = whole()
        row = ROWS[36]
        found = matrix.of_row(row)
        self.assertGreater(len(found), 3)
        self.assertEqual(matrix.state(row), "failed", "what did not run did not pass")
        for check in found:
            matrix.take("ok", *check.key, 1.5, "")
        self.assertEqual((matrix.state(row), matrix.seconds(row)), ("passed", 1.5 * len(found)))
        matrix.take("skip", *found[0].key, 0, "no ext4")
        self.assertEqual(matrix.state(row), "skipped")
        matrix.take("FAIL", *found[1].key, 0, "wrong")
        self.assertEqual(matrix.state(row), "failed")
        self.assertFalse(matrix.is_whole)

    def test_a_filter_asks_for_some(self) -> None:
        matrix = Matrix.of(checks(), EVERY, Wish("mismatch.example", True, True))
        self.assertEqual(matrix.state(ROWS[1]), "not asked for")
        for key in matrix.wished:
            matrix.take("ok", *key, 1, "")
        self.assertEqual((matrix.state(ROWS[36]), matrix.failed, matrix.is_whole), ("passed", False, False))

    def test_rows_ask_for_some(self) -> None:
        rows = {21, 58, 59, 60}
        matrix = Matrix.of(checks(), EVERY, Wish("", True, True, rows_of("21,58-60")))
        for number in rows:
            self.assertNotEqual(matrix.state(ROWS[number]), "not asked for")
        for check in matrix.checks:
            self.assertEqual(check.key in matrix.wished, not rows.isdisjoint(check.faults), check.key)

    def test_rows_are_numbers_and_spans(self) -> None:
        self.assertEqual(rows_of("7"), {7})
        self.assertEqual(rows_of("21,58-60,5-5"), {5, 21, 58, 59, 60})
        for wrong in ("", "a", "1,", "5-3", "-4", "3-", "1-2-3"):
            with self.assertRaises(ArgumentTypeError, msg=wrong):
                rows_of(wrong)


class TableTests(unittest.TestCase):
    def document(self) -> dict:  # type: ignore[type-arg]
        matrix = whole()
        for key in matrix.wished:
            matrix.take("ok", *key, 1, "")
        check = matrix.of_row(ROWS[36])[0]
        matrix.take("FAIL", *check.key, 2, "it was *delivered*\vand more")
        return matrix.document() | {"date": "2026-11-22", "commit": "abc", "seconds": 600}

    def test_groups_add_up(self) -> None:
        self.assertEqual(matrixtable.by_group(self.document())[-1][1][0], 126)

    def test_terminal(self) -> None:
        lines = matrixtable.terminal(self.document())
        self.assertIn(f"FAILED: 36 {ROWS[36].what}", lines)
        self.assertTrue(any("it was *delivered*" in line and "and more" not in line for line in lines))

    def test_terminal_of_a_part(self) -> None:
        document = self.document()
        document["rows"][19] |= {"state": "unit tests", "stands_in": ["a: b"], "why": "no", "rest": ""}
        self.assertIn("By unit tests alone:", matrixtable.terminal(document))
        self.assertTrue(matrixtable.terminal(document | {"scenarios": 3})[-1].startswith(f"Of {document['of']} scenarios"))

    def test_what_failed_for_one_reason_stands_there_once(self) -> None:
        found = [{"file": "17", "title": title, "word": "FAIL", "detail": detail} for title, detail in (("a", "x"), ("b", "y\nz"), ("c", "y"))]
        self.assertEqual(matrixtable.not_passed({"not passed": found}), ["17 a: x", "17 2 scenarios: y"])

    def test_long_lists_are_cut(self) -> None:
        self.assertEqual(matrixtable.shortened(list("abcdef")), list("abcdef"))
        self.assertEqual(matrixtable.shortened(list("abcdefg")), [*"abcde", "and 2 more"])

    def test_page(self) -> None:
        lines = matrixtable.page(self.document()).splitlines()
        rows = [line for line in lines if line.split("|")[1:2] and line.split("|")[1].strip().isdigit()]
        self.assertEqual(len(rows), 126)
        self.assertEqual({line.replace("\\|", "").count("|") for line in rows}, {6})
        self.assertIn("| **failed** |", rows[35])

    def test_cell(self) -> None:
        self.assertEqual(matrixtable.cell("a|b `c_d` e_f <g>"), r"a\|b `c_d` e\_f \<g>")

    def test_writing(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.md"
            page.write_text(f"before\n{matrixtable.BEGINS}\nold\n{matrixtable.ENDS}\nafter\n")
            matrixtable.write(page, "new")
            matrixtable.write(page, "newer")
            self.assertEqual(page.read_text(), f"before\n{matrixtable.BEGINS}\n\nnewer\n\n{matrixtable.ENDS}\nafter\n")
            page.write_text("no marks")
            self.assertRaises(matrixtable.Unmarked, matrixtable.write, page, "new")

    def test_the_page_has_its_marks(self) -> None:
        text = PAGE.read_text()
        self.assertEqual((text.count(matrixtable.BEGINS), text.count(matrixtable.ENDS)), (1, 1))


if __name__ == "__main__":
    unittest.main()
