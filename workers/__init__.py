"""Motion: the Celery app, the intake consumer, the dispatch tasks, the clock, the carriers' HTTP."""
