"""A wall clock of one relay's own, which scenarios move while it runs (libfaketime). Monotonic time stays as it is.

Forwards by `set` and `advance`; to any other time, also back, by `jump`. Certificates of the bed are valid for thirty days from now. The
resolver worker, which gets an environment of its own, stays with the true time: cached records live on, DNSSEC signatures hold.
"""

from datetime import datetime, timedelta, timezone
from pathlib import Path

# Before a command that is to live by a clock. libfaketime adds to the environment of the first program it comes into, and moves it by
# that; Swift's runtime finds the arguments by where the environment lies. So the first program is another, and becomes it.
PREFIX = ("env",)


class Clock:
    """Time goes on at its usual rate from wherever it is set. `folder` is the relay's: a restart finds the clock as it was."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "clock"
        self.shift = timedelta()
        folder.mkdir(parents=True, exist_ok=True)
        self._write()

    def _write(self) -> None:
        # A program must not read half of it.
        new = self.file.with_suffix(".new")
        new.write_text(f"{self.shift.total_seconds():+.0f}\n")
        new.rename(self.file)

    @property
    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.shift

    def set(self, moment: datetime) -> None:
        """Holds for every look at the clock from now on."""
        assert moment >= self.now, "set and advance go forwards only"
        self.shift = timedelta(seconds=round((moment - datetime.now(timezone.utc)).total_seconds()))
        self._write()

    def advance(self, **amount: float) -> None:
        """By as much as `timedelta` is told: hours=4."""
        self.set(self.now + timedelta(**amount))

    def jump(self, **amount: float) -> None:
        """So far from the true time, whatever it was before: days=30, days=-1; without anything: set right again."""
        self.shift = timedelta(**amount)
        self._write()

    def to_next_day(self, hour: int = 0, minute: int = 0) -> None:
        """To this time of the next UTC day."""
        self.set((self.now + timedelta(days=1)).replace(hour=hour, minute=minute, second=0, microsecond=0))

    def environment(self) -> dict[str, str]:
        """Of a program that is to live by this clock, and of its children."""
        library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        return {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
