def write(result) -> None:
    pass
