"""An ext4 in a file, mounted for a store: a disk that can be made to hang (fsfreeze)."""

import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from .inside import Bed
from .scenario import Skip

SIZE = 160 * 1024 * 1024


@contextmanager
def ext4(bed: Bed, name: str) -> Iterator[Path]:
    """An empty folder of mode 0700 on a file system of its own."""
    image, store = bed.folder / "relays" / f"{name}.img", bed.folder / "relays" / f"{name}-disk"
    store.mkdir(parents=True, exist_ok=True)
    with open(image, "wb") as file:
        file.truncate(SIZE)
    if shutil.which("mkfs.ext4") is None:
        raise Skip("no mkfs.ext4 here (e2fsprogs)")
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    mounted = subprocess.run(["mount", "-o", "loop", image, store], capture_output=True, text=True)
    if mounted.returncode != 0:
        raise Skip(f"no loop devices here: {mounted.stderr.strip()}")
    store.chmod(0o700)
    shutil.rmtree(store / "lost+found")
    try:
        yield store
    finally:
        subprocess.run(["umount", "-l", store], capture_output=True)
        image.unlink()


@contextmanager
def frozen(store: Path) -> Iterator[None]:
    """Whoever writes to it or syncs it waits until the end."""
    done = subprocess.run(["fsfreeze", "-f", store], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip(f"this file system cannot be made to hang here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "-u", store], check=True)
