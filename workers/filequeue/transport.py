"""kombu's transport: what `filequeue://` names."""

from typing import Any

from kombu.transport import virtual

from workers.filequeue.channel import Channel
from workers.filequeue.house import house_at
from workers.filequeue.options import Options, read_options


class Transport(virtual.Transport):
    """Connections to one folder. Options: see `options.Options`, and `polling_interval` in seconds."""

    implements = virtual.Transport.implements.extend(
        asynchronous=False, exchange_type=frozenset(["direct", "topic", "fanout"])
    )
    Channel = Channel
    polling_interval = 0.05
    default_port = 0
    driver_type = "filequeue"
    driver_name = "filequeue"
    connection_errors = (ConnectionError, OSError)
    options: Options

    def establish_connection(self) -> Any:
        assert self.client is not None
        self.options = read_options(self.client.transport_options or {})
        house = house_at(self.options.folder, tend_every_s=self.options.tend_every_s, durable=self.options.durable)
        self.state = house.state
        return super().establish_connection()

    def driver_version(self) -> str:
        return "1"
