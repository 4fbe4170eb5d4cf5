from collections.abc import Sequence

class BatchBuilder:
    def __init__(self, batch_size: int, compression_type: int) -> None: ...
    def size(self) -> int: ...
    def append(
        self,
        *,
        timestamp: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = ...,
    ) -> object | None: ...

class MessageAccumulator:
    def fail_all(self, exception: Exception) -> None: ...
