"""A broker made of one folder: messages are files, a rename is the only hand-over.

    <folder>/                        0700, files 0600
      queues/<queue>/<when>-<who>.<returns>.msg     ready, oldest first by name
      queues/<queue>/expires                        seconds; only for queues that may end by themselves
      owners/<token>/lock                           held for life: if it can be had, its owner is dead
      owners/<token>/writing/                       drafts, renamed into a queue when whole
      owners/<token>/claimed/<queue>/               taken and not yet acknowledged
      exchanges/<exchange>.json                     type and bindings
      set-aside/                                    what could not be read, or was refused

Use: `register()`, then `Connection("filequeue://", transport_options={"folder": ...})`, or
`Connection(transport="workers.filequeue:Transport", transport_options={...})`.
"""

from kombu.transport import TRANSPORT_ALIASES

from workers.filequeue.channel import Channel
from workers.filequeue.transport import Transport

__all__ = ["Channel", "Transport", "register"]


def register() -> None:
    """Make `filequeue://` a broker URL in this process. Safe to call twice; importing calls it once."""
    TRANSPORT_ALIASES["filequeue"] = "workers.filequeue:Transport"


register()
