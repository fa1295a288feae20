"""`python3 -m internet.activator NAME=POINT… -- COMMAND…`: what systemd does for a socket unit (sd_listen_fds(3)).

Opens a socket at each point (ADDRESS:PORT or unix:/path), and becomes the command, which finds them from descriptor 3 on.
"""

import os
import socket
import sys

FIRST = 3


def opened(point: str) -> socket.socket:
    if path := point.removeprefix("unix:") if point.startswith("unix:") else "":
        if os.path.exists(path):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
    else:
        address, _, port = point.rpartition(":")
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, int(port)))
    listener.listen(128)
    return listener


def main() -> None:
    split = sys.argv.index("--")
    names, points = zip(*(word.split("=", 1) for word in sys.argv[1:split]))
    # First out of the way, then into place.
    moved = [os.dup2(opened(point).detach(), 100 + number) for number, point in enumerate(points)]
    for number, descriptor in enumerate(moved):
        os.dup2(descriptor, FIRST + number, inheritable=True)
        os.close(descriptor)
    own = {"LISTEN_FDS": str(len(names)), "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": ":".join(names)}
    command = sys.argv[split + 1 :]
    os.execvpe(command[0], command, os.environ | own)


if __name__ == "__main__":
    main()
