"""Waiting for a TCP port."""

import socket
import time


def wait_for_port(address: str, port: int, limit: float) -> None:
    """Returns when something accepts connections there; TimeoutError after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        try:
            socket.create_connection((address, port), timeout=2).close()
            return
        except OSError as error:
            if time.monotonic() > end:
                raise TimeoutError(f"nothing listens at {address}:{port} after {limit:.0f} s ({error})") from None
            time.sleep(0.02)
