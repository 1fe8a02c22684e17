"""What a channel declares: queues, exchanges, and the ways between them."""

import itertools
from typing import TYPE_CHECKING, Any

from kombu.transport import virtual
from kombu.transport.base import to_rabbitmq_queue_arguments  # type: ignore[attr-defined]

from workers.filequeue import sweep
from workers.filequeue.bindings import Binding
from workers.filequeue.folders import ensure
from workers.filequeue.house import House, house_at
from workers.filequeue.shelf import Shelf

if TYPE_CHECKING:
    from workers.filequeue.transport import Transport

# kombu numbers channels within a connection; claims are told apart across all connections of a process.
_numbers = itertools.count(1)


class DeclaringChannel(virtual.Channel):
    """The declaring half of `Channel`."""

    supports_fanout = True
    connection: "Transport"

    def __init__(self, connection: "Transport", **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self._options = connection.options
        self._number = next(_numbers)
        self._shelves: dict[str, Shelf] = {}

    @property
    def house(self) -> House:
        """Asked for anew each time: after a fork it is another one."""
        options = self._options
        return house_at(options.folder, tend_every_s=options.tend_every_s, durable=options.durable)

    # -- queues

    def prepare_queue_arguments(self, arguments: dict[str, Any] | None, **kwargs: Any) -> dict[str, Any]:
        prepared: dict[str, Any] = to_rabbitmq_queue_arguments(arguments or {}, **kwargs)
        return prepared

    def _new_queue(self, queue: str, **kwargs: Any) -> None:
        folder = self.house.layout.queue(queue)
        ensure(folder, durable=self._options.durable)
        expires_ms = (kwargs.get("arguments") or {}).get("x-expires")
        if isinstance(expires_ms, int | float) and expires_ms > 0:
            self.house.let_expire(folder, expires_ms / 1000)

    def _has_queue(self, queue: str, **kwargs: Any) -> bool:
        return self.house.layout.queue(queue).is_dir()

    def _size(self, queue: str) -> int:
        return sweep.size(self.house.layout.queue(queue))

    def _purge(self, queue: str) -> int:
        return sweep.purge(self.house.layout.queue(queue))

    def queue_delete(self, queue: str, if_unused: bool = False, if_empty: bool = False, **kwargs: Any) -> None:
        if if_empty and self._size(queue):
            return
        self.house.delete_queue(self.house.layout.queue(queue))

    # -- exchanges

    def exchange_declare(  # type: ignore[override]
        self, exchange: str | None = None, type: str = "direct", **kwargs: Any
    ) -> None:
        super().exchange_declare(exchange, type, **kwargs)
        if not kwargs.get("passive"):
            kind = type or "direct"
            self.house.tables.declare(exchange or f"amq.{kind}", kind)

    def exchange_delete(self, exchange: str, if_unused: bool = False, nowait: bool = False) -> None:
        self.house.tables.drop(exchange)
        self.house.state.exchanges.pop(exchange, None)  # type: ignore[union-attr]

    def queue_bind(
        self,
        queue: str,
        exchange: str | None = None,
        routing_key: str = "",
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        exchange = exchange or "amq.direct"
        kind = self.typeof(exchange)
        self.house.tables.bind(exchange, str(kind.type), self._binding(queue, exchange, routing_key, arguments))

    def queue_unbind(
        self,
        queue: str,
        exchange: str | None = None,
        routing_key: str = "",
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        exchange = exchange or "amq.direct"
        self.house.tables.unbind(exchange, self._binding(queue, exchange, routing_key, arguments))

    def _binding(self, queue: str, exchange: str, key: str, arguments: dict[str, Any] | None) -> Binding:
        prepared: Any = self.typeof(exchange).prepare_bind(queue, exchange, key or "", arguments or {})
        return (prepared[0] or "", prepared[1], prepared[2])

    def get_table(self, exchange: str) -> list[Any]:
        table = self.house.tables.read(exchange)
        return list(table.bindings) if table else []

    def typeof(self, exchange: str, default: str = "direct") -> Any:
        declared = (self.house.state.exchanges or {}).get(exchange)
        if declared is not None:
            return self.exchange_types[declared["type"]]
        table = self.house.tables.read(exchange)
        return self.exchange_types[table.type if table else default]
