"""kombu's channel: publish, take, let go."""

import logging
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError

from workers.filequeue.claims import Claim
from workers.filequeue.house import House, open_house
from workers.filequeue.letters import read_letter
from workers.filequeue.names import returns
from workers.filequeue.options import SET_ASIDE
from workers.filequeue.routing import DeclaringChannel
from workers.filequeue.shelf import Shelf

log = logging.getLogger(__name__)


class Channel(DeclaringChannel):
    """One channel: used by one thread at a time, save that any thread may acknowledge.

    `basic_ack(multiple=True)` acknowledges all that this channel was given up to that message, as AMQP
    does; kombu's own virtual channels leave the earlier ones unacknowledged.
    """

    # -- publishing

    def basic_publish(self, message: Any, exchange: str, routing_key: str, **kwargs: Any) -> None:
        """Raises: ChannelError: `mandatory`, and no queue would get it. OSError: it was not written."""
        if kwargs.get("mandatory") and not self._has_way(exchange, routing_key):
            raise ChannelError("NO_ROUTE: no queue is bound for this exchange and routing key")
        super().basic_publish(message, exchange, routing_key, **kwargs)

    def _has_way(self, exchange: str, routing_key: str) -> bool:
        if not exchange:
            return self._has_queue(routing_key)
        return any(self._lookup(exchange, routing_key))

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        house = self.house
        house.publish(house.layout.queue(queue), message, durable=self._options.durable)

    def _put_fanout(self, exchange: str, message: Any, routing_key: str, **kwargs: Any) -> None:
        for queue in dict.fromkeys(binding[2] for binding in self.get_table(exchange)):
            self._put(queue, message, **kwargs)

    # -- taking

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        house = self.house
        house.tend()
        shelf = self._shelves.get(queue)
        if shelf is None:
            shelf = self._shelves.setdefault(queue, Shelf(house.layout.queue(queue)))
        house.polled(shelf.folder)
        try:
            while (name := shelf.next()) is not None:
                file = house.claim(shelf.folder, name)
                payload = self._open(house, shelf, file) if file else None
                if file and payload:
                    return self._delivered(house.claims.hold(self._number, shelf, file, payload))
        except FileNotFoundError:
            shelf.forget()
            house.queue_is_gone(shelf.folder)
        raise Empty

    def _open(self, house: House, shelf: Shelf, file: Path) -> dict[str, Any] | None:
        """The message in a claimed file; None, and the file set aside, if there is none."""
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError:
            house.put_back(Claim(0, self._number, shelf, file, {}))
            raise
        payload, fault = read_letter(data)
        if payload is None:
            house.set_aside(file, fault or "unreadable")
        return payload

    def _delivered(self, claim: Claim) -> dict[str, Any]:
        payload = claim.payload
        properties = payload["properties"]
        # A tag of its own for each delivery: a message published to two queues carries the same one twice.
        properties["delivery_tag"] = claim.tag
        if came_back := returns(claim.file.name):
            properties["delivery_info"]["redelivered"] = True
            payload["headers"] = {**(payload.get("headers") or {}), "x-delivery-count": came_back}
        return payload

    def basic_consume(  # type: ignore[override]
        self, queue: str, no_ack: bool, callback: Any, consumer_tag: str, **kwargs: Any
    ) -> None:
        def settled_at_once(message: Any) -> Any:
            self._finish(message.delivery_tag)
            return callback(message)

        if consumer_tag not in self._consumers:
            self.house.reading[self.house.layout.queue(queue)] += 1
        super().basic_consume(queue, no_ack, settled_at_once if no_ack else callback, consumer_tag, **kwargs)

    def basic_cancel(self, consumer_tag: str) -> None:
        house = open_house(self._options.folder)
        if house is not None and consumer_tag in self._consumers:
            house.reading[house.layout.queue(self._tag_to_queue[consumer_tag])] -= 1
        super().basic_cancel(consumer_tag)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> Any:
        message = super().basic_get(queue, no_ack=no_ack, **kwargs)
        if message is not None and no_ack:
            self._finish(message.delivery_tag)
        return message

    # -- letting go

    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:
        house = self.house
        if not multiple:
            self._finish(delivery_tag)
            self.qos.ack(delivery_tag)
            return
        for claim in house.claims.take_up_to(int(delivery_tag or 0), self._number):
            house.let_go(claim)
            self.qos.ack(claim.tag)  # type: ignore[arg-type]

    def basic_reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        house = self.house
        claim = house.claims.take(delivery_tag)
        if claim is not None:
            if requeue:
                house.put_back(claim)
            elif self._options.rejected == SET_ASIDE:
                house.set_aside(claim.file, "rejected")
            else:
                house.let_go(claim)
        self.qos.ack(delivery_tag)

    def _finish(self, delivery_tag: Any) -> None:
        house = open_house(self._options.folder)
        claim = house.claims.take(delivery_tag) if house else None
        if house and claim:
            house.let_go(claim)

    def _restore(self, message: Any) -> None:
        """Called for each unacknowledged message when the channel closes.

        A message whose claim is gone was acknowledged meanwhile, or is another process's: nothing to do.
        A failure is left to the next sweep after this process's end; raised, it would make kombu write
        the message's content to a temporary file.
        """
        house = open_house(self._options.folder)
        claim = house.claims.take(message.delivery_tag) if house else None
        if house and claim:
            try:
                house.put_back(claim)
            except OSError as failed:
                log.warning("a message stays claimed until this process ends: errno %s", failed.errno)
