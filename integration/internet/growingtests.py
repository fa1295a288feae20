"""Tests of what scenarios read again and again, without a bed. python3 -m unittest internet.growingtests"""

import os
import tempfile
import unittest
from pathlib import Path

from .growing import KEPT, GrowingFolder, GrowingLog


class FolderTests(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = Path(scratch.name, "new")
        self.folder = GrowingFolder(self.path)

    def put(self, name: str, content: bytes, time: float = 0) -> None:
        self.path.mkdir(exist_ok=True)
        (self.path / name).write_bytes(content)
        os.utime(self.path / name, (time, time))

    def test_no_folder_holds_nothing(self) -> None:
        self.assertEqual(self.folder.containing(b"a"), [])

    def test_what_came_meanwhile_is_found_and_the_oldest_is_first(self) -> None:
        self.put("b", b"mark 2", 20)
        self.assertEqual(self.folder.containing(b"mark"), [b"mark 2"])
        self.put("a", b"mark 3", 30)
        self.put("c", b"mark 1", 10)
        self.put("d", b"another", 5)
        self.assertEqual(self.folder.containing(b"mark"), [b"mark 1", b"mark 2", b"mark 3"])
        self.assertEqual(self.folder.containing(b"another"), [b"another"])

    def test_what_is_gone_is_not_found(self) -> None:
        self.put("a", b"mark")
        self.folder.containing(b"mark")
        (self.path / "a").unlink()
        self.assertEqual(self.folder.containing(b"mark"), [])

    def test_of_large_ones_the_head_is_searched_and_kept(self) -> None:
        self.put("small", b"x" * (KEPT - 4) + b"mark")
        self.put("large", b"mark" + b"x" * KEPT, 1)
        self.put("behind", b"x" * (KEPT - 3) + b"mark", 2)
        self.assertEqual([len(content) for content in self.folder.containing(b"mark")], [KEPT, KEPT + 4])
        self.assertEqual({len(head) for _, head, _ in self.folder.known.values()}, {KEPT})

    def test_large_ones_are_read_once_where_they_have_no_mark(self) -> None:
        self.put("large", b"other" + b"x" * KEPT)
        self.assertEqual(self.folder.containing(b"mark"), [])
        (self.path / "large").write_bytes(b"mark" + b"x" * KEPT)
        self.assertEqual(self.folder.containing(b"mark"), [])


class LogTests(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = Path(scratch.name, "log")
        self.log = GrowingLog(self.path)

    def append(self, octets: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(octets)

    def test_what_was_appended_is_added(self) -> None:
        self.assertEqual(self.log.read(), "")
        self.append(b"one\n")
        self.assertEqual(self.log.read(), "one\n")
        self.assertEqual(self.log.read(), "one\n")
        self.append(b"two\n")
        self.assertEqual(self.log.read(), "one\ntwo\n")

    def test_a_character_may_come_in_two_parts(self) -> None:
        octets = "é".encode()
        self.append(octets[:1])
        self.assertEqual(self.log.read(), "")
        self.append(octets[1:])
        self.assertEqual(self.log.read(), "é")

    def test_what_is_no_character_hides_nothing(self) -> None:
        self.append(b"a\xffb")
        self.assertEqual(self.log.read(), "a\ufffdb")

    def test_a_new_file_of_the_name_is_begun_anew(self) -> None:
        self.append(b"a longer old one\n")
        self.log.read()
        self.path.rename(self.path.with_suffix(".1"))
        self.append(b"new\n")
        self.assertEqual(self.log.read(), "new\n")

    def test_a_file_that_was_cut_is_begun_anew(self) -> None:
        self.append(b"a longer old one\n")
        self.log.read()
        self.path.write_bytes(b"new\n")
        self.assertEqual(self.log.read(), "new\n")
