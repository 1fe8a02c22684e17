"""The same work in the plainest Celery design, as a good engineer would write it on a good day.

One task an alert, one task a dispatch, a transaction each; a sync HTTP client; a small web app for receipts.
It shares our tables, our validation, our sealing and our words with us, and nothing of our motion.

message.py   a task as it stands on the wire, for the feed
state.py     what a process keeps: connection pool, keys, HTTP client
rows.py      the transactions
tasks.py     the Celery app and its three tasks
web.py       the carrier's callbacks
start.py     the processes of the design

Where a choice was open, the one that is faster for this design was taken:
classic durable queues (Celery's default; quorum queues cost it about a third), no publisher confirms between tasks,
SQLAlchemy Core and not the ORM, no ping of pooled connections, no task events, gossip, mingle or results, prefetch 8,
one pool for all queues (so that no process is idle while another queue is full), the best of three concurrencies.
It does less than ours, too: no lease, no reconciling of unsure requests, no bounds on how often a person is reached,
no joining of alerts beyond the open case. None of that is held against it here; it costs it no time.
"""
