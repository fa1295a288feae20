"""What is no row: memory of idle connections, cold domains, decisions, handshakes, a million queued."""

PARTS: dict = {}
