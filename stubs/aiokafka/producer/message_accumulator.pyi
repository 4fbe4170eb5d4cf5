from asyncio import Future
from collections.abc import Iterable, Mapping, Sequence

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

class MessageBatch:
    _drain_waiter: Future[object]

class MessageAccumulator:
    _batches: Mapping[object, Iterable[MessageBatch]]
    def fail_all(self, exception: Exception) -> None: ...
