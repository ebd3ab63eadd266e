"""Scheduled refresh: Celery's beat has a worker look at the sources that are due; what has moved there is indexed.

When a source is due stands in its repository's row, so that losing the broker, a beat too many and a worker that dies
over it do no harm.
"""
