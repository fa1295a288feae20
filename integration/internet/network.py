"""Which network a relay is in: the bed's, or one of its own (attacker.py)."""

import ctypes
import os
from contextlib import contextmanager
from typing import Iterator

CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def _call(function: str, *arguments: int) -> None:
    if getattr(_libc, function)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{function}: {os.strerror(ctypes.get_errno())}")


def enter(descriptor: int) -> None:
    """Moves this thread into a network namespace. Sockets stay in that of their birth."""
    _call("setns", descriptor, CLONE_NEWNET)


def leave_for_new() -> None:
    """Moves this thread into a network namespace made for it."""
    _call("unshare", CLONE_NEWNET)


def of_this_thread() -> int:
    """A descriptor of the thread's network namespace."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Network:
    """The bed's own: nothing to do to be in it."""

    # Words before a command that is to run in it.
    prefix: tuple[str, ...] = ()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This thread is in it."""
        yield
