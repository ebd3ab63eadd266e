"""The registry: every metric, span and log event that a process of ours may emit, declared once, as data.

Labels are bounded: an rpc, a route, a status, a kind, a part. Never a path, a tenant or a query.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

Kind = Literal["counter", "gauge", "histogram"]
# How the values of several processes of one worker become one. Only those that live count.
Merge = Literal["livesum", "livemax", "livemostrecent"]

# From a warm answer to the longest that a client waits.
_CALL_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_CALL_MS = (1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0, 30_000.0)
# What Redis, a free connection and a statement take when all is well, and when it is not.
_QUICK_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 3.0)
_QUICK_MS = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 10_000.0)
# From an unchanged repository to a first index of the largest.
_WORK_S = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0)
_WORK_MS = (10.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 5_000.0, 15_000.0, 60_000.0, 300_000.0, 900_000.0, 3_600_000.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """`unit` is that of the value; `merge` holds for gauges of workers, which have a process per job."""

    name: str
    kind: Kind
    unit: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    merge: Merge = "livesum"


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work in a trace, other than those that the instrumented libraries name themselves."""

    name: str
    help: str
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """`msg` of a log line, and what it means."""

    name: str
    help: str


_Named = TypeVar("_Named", Metric, Span, Event)


def _by_name(declared: Iterable[_Named]) -> Mapping[str, _Named]:
    found: dict[str, _Named] = {}
    for each in declared:
        if each.name in found:
            raise ValueError(f"{each.name!r} is declared twice")
        found[each.name] = each
    return found


METRICS: Mapping[str, Metric] = _by_name((
    # The names that dashboards and alerts are built on.
    Metric("search_latency_ms", "histogram", "milliseconds", "Time to answer a search, at the gateway.", (), _CALL_MS),
    Metric("assemble_latency_ms", "histogram", "milliseconds", "Time to answer a bundle, there.", (), _CALL_MS),
    Metric("cache_hit_ratio", "gauge", "ratio", "Share of hits among the last 1,000 answers looked for in Redis."),
    Metric("index_refresh_ms", "histogram", "milliseconds", "Time of an indexing run that succeeded.", (), _WORK_MS),
    Metric("pg_read_ms", "histogram", "milliseconds", "Time of a read-only transaction, BEGIN to COMMIT.",
           ("component",), _QUICK_MS),
    Metric("errors_total", "counter", "errors", "What failed, by the leaf of the error tree.", ("kind",)),
    # Every rpc, route and task: rate, errors, duration, and how many are under way.
    Metric("pampax_rpc_requests_total", "counter", "calls", "Rpcs answered.", ("method", "status")),
    Metric("pampax_rpc_seconds", "histogram", "seconds", "Time to answer an rpc.", ("method",), _CALL_S),
    Metric("pampax_rpc_in_flight", "gauge", "calls", "Rpcs that are being answered.", ("method",)),
    Metric("pampax_http_requests_total", "counter", "requests", "Requests answered.", ("route", "status")),
    Metric("pampax_http_request_seconds", "histogram", "seconds", "Time to answer a request.", ("route",), _CALL_S),
    Metric("pampax_http_in_flight", "gauge", "requests", "Requests that are being answered."),
    Metric("pampax_task_runs_total", "counter", "runs", "Runs of a task that ended, by how.", ("task", "status")),
    Metric("pampax_task_seconds", "histogram", "seconds", "Time of a task's run.", ("task",), _WORK_S),
    Metric("pampax_tasks_in_flight", "gauge", "runs", "Runs under way.", ("task",)),
    Metric("pampax_index_stage_seconds", "histogram", "seconds", "Time of one stage of an indexing run.",
           ("stage",), _WORK_S),
    Metric("pampax_index_files_total", "counter", "files", "Files (chunks in `embedding`) that runs were through with.",
           ("stage",)),
    # Calls to others.
    Metric("pampax_client_calls_total", "counter", "calls", "Calls to another part, each try counted.",
           ("target", "method", "status")),
    Metric("pampax_client_call_seconds", "histogram", "seconds", "Time of a call, with all its tries.",
           ("target", "method"), _CALL_S),
    Metric("pampax_retries_total", "counter", "tries", "Calls that were tried again.", ("target",)),
    Metric("pampax_retry_budget_exhausted_total", "counter", "calls",
           "Calls that were not tried again for want of a budget.", ("target",)),
    Metric("pampax_breaker_state", "gauge", "state", "0 closed, 1 half open, 2 open.", ("target",), merge="livemax"),
    Metric("pampax_breaker_opened_total", "counter", "times", "How often a breaker opened.", ("target",)),
    # Pools, queues, the cache.
    Metric("pampax_pool_connections", "gauge", "connections", "Connections that a pool holds.", ("component",)),
    Metric("pampax_pool_connections_max", "gauge", "connections", "Connections that it may hold.", ("component",)),
    Metric("pampax_pool_available", "gauge", "connections", "Connections that nobody uses.", ("component",)),
    Metric("pampax_pool_waiting", "gauge", "requests", "Those who wait for a connection.", ("component",)),
    Metric("pampax_pool_checkout_seconds", "histogram", "seconds", "Time to get a connection and begin.",
           ("component",), _QUICK_S),
    Metric("pampax_queue_waiting", "gauge", "operations",
           "Messages in the broker that wait for a worker; NaN while the broker is away.",
           merge="livemostrecent"),
    Metric("pampax_queue_oldest_seconds", "gauge", "seconds",
           "Age of the oldest operation that nobody has taken up; NaN while Postgres is away.",
           merge="livemostrecent"),
    Metric("pampax_queue_priority_oldest_seconds", "gauge", "seconds",
           "Age of the oldest operation of a priority that nobody works on; NaN while Postgres is away.",
           ("priority",), merge="livemostrecent"),
    Metric("pampax_workers_alive", "gauge", "processes",
           "Workers that were heard of lately; NaN while Postgres is away.", merge="livemostrecent"),
    Metric("pampax_refresh_looks_total", "counter", "looks",
           "Looks at sources on their schedule: unchanged, moved (a run was started) or failed.", ("status",)),
    Metric("pampax_refresh_failing", "gauge", "repositories",
           "Repositories of which the last scheduled look or run failed; NaN while Postgres is away.",
           merge="livemostrecent"),
    Metric("pampax_refresh_overdue_seconds", "gauge", "seconds",
           "How late the scheduled look is that should have been first; NaN while Postgres is away.",
           merge="livemostrecent"),
    Metric("pampax_check_documents", "gauge", "documents",
           "Documents that the last self-check of each repository compared with a fresh derivation.",
           merge="livemostrecent"),
    Metric("pampax_check_differing", "gauge", "documents", "Those of them that differ, and snapshots that are wrong.",
           merge="livemostrecent"),
    Metric("pampax_check_recall_ratio", "gauge", "ratio",
           "Share of the exact neighbours that the worst vector index found in its last self-check; NaN without one.",
           merge="livemostrecent"),
    Metric("pampax_check_age_seconds", "gauge", "seconds", "Since a self-check ended; NaN before the first.",
           merge="livemostrecent"),
    Metric("pampax_cache_requests_total", "counter", "calls", "Calls to Redis as a cache, by how they ended.",
           ("operation", "status")),
    Metric("pampax_cache_seconds", "histogram", "seconds", "Time of a call to Redis as a cache.",
           ("operation",), _QUICK_S),
    Metric("pampax_answers_total", "counter", "answers", "Answers by where they came from.", ("kind", "cache")),
    # The process and the system.
    Metric("pampax_event_loop_lag_seconds", "gauge", "seconds", "How late the event loop was, worst of the last 15 s."),
    Metric("pampax_spans_total", "counter", "spans", "Spans by whether the collector took them.", ("status",)),
    Metric("pampax_health_status", "gauge", "state", "0 ok, 1 degraded, 2 failed.", ("component",), merge="livemax"),
))  # fmt: skip

# Beside these an rpc is called as its method, on both sides, and a request as its HTTP method and route.
SPANS: Mapping[str, Span] = _by_name((
    Span("search.words", "Postings, names and definitions read for one snapshot.", ("terms",)),
    Span("search.vectors", "The nearest chunks of one snapshot; failed where the answer goes on without.", ("exact",)),
    Span("search.pattern", "Files of one snapshot read in which a pattern may match.", ("candidates", "read")),
    Span("search.match", "Words, names and paths of one snapshot compared with the question."),
    Span("search.rank", "Features computed and chunks chosen for one snapshot.", ("candidates",)),
    Span("search.texts", "Texts of the best chunks compared with the question: by words, by a reranker.", ("texts",)),
    Span("search.results", "Text and evidence of the results read.", ("results",)),
    Span("assembly.candidates", "Definitions, tests and neighbours read around the hits of search.",
         ("hits", "candidates")),
    Span("assembly.compose", "Renderings chosen within the budget, the text written and counted.",
         ("candidates", "budget", "used")),
    Span("index.run", "One attempt at an operation by a worker; below the request that asked for it, however often the "
         "operation was handed out.", ("operation", "attempt", "repository_id", "corr_id")),
    Span("index.fetch", "The mirror of a git repository brought up to date.", ()),
    Span("index.walk", "The files of a tree listed.", ("files",)),
    Span("index.history", "What the commits before the indexed one changed, read beside the parsing.", ("commits",)),
    Span("index.derive", "One batch of files parsed.", ("files",)),
    Span("index.embed", "The chunks of one batch embedded.", ("documents", "chunks")),
    Span("index.write", "One segment written.", ("documents",)),
    Span("index.publish", "The ref moved to the new snapshot.", ("files",)),
    Span("index.vectors", "The vectors of a large first index embedded, written and published.", ("ranges",)),
    Span("index.maintain", "What makes the index smaller and faster, after the publish.", ()),
    Span("queue.send", "An operation handed to the broker.", ("operation",)),
    Span("postgres.read", "One read-only transaction; each statement is an event under its name.", ()),
    Span("postgres.write", "One transaction that may write; each statement is an event under its name.", ()),
    Span("redis.get", "A cached answer looked for.", ()),
    Span("redis.set", "An answer kept.", ()),
    Span("redis.prolong", "A kept bundle kept longer.", ()),
))  # fmt: skip

EVENTS: Mapping[str, Event] = _by_name((
    # One for each call, request and run.
    Event("rpc", "A call was answered: status, duration_ms, and for a failure err_code, err_kind."),
    Event("request", "An HTTP request was answered; the same fields, `op` is the name of the route."),
    Event("answered", "A search or a bundle was answered: cache_hit, query_hash, degraded."),
    Event("operation begins", "A worker has taken an operation up: repository, attempt."),
    Event("operation succeeded", "What is published now: ref, files, chunks, new_blobs, changed."),
    Event("operation failed", "An operation came to an end without a result, and why."),
    Event("credentials sealed anew", "Older keys had encrypted them; now the first key of the setting has: count."),
    Event("credentials of a key that is not known", "They serve no run until it is back: count."),
    Event("credentials not looked at", "The database was away; it is tried again."),
    Event("operation cancelled", "An operation ended because somebody asked for it."),
    Event("operation left for another attempt", "This worker could not go on; the reaper hands it out again."),
    Event("operation is somebody else's now", "The lease was lost: what this worker did since takes no effect."),
    Event("operation not run", "An operation could not be claimed, or its end not be written."),
    Event("source has moved", "A scheduled look has found new commits and started runs: repository, count."),
    Event("source not refreshed", "A scheduled look or its last run failed, and why; it is looked at less often."),
    Event("look failed", "A scheduled look ended with an error that nobody expected."),
    Event("sources not looked at", "A round over the sources that are due could not be made."),
    # The life of a process.
    Event("serving", "A server listens, or a worker takes work."),
    Event("stopping", "A signal has come: what runs may finish."),
    Event("stopped", "Everything is closed."),
    Event("closing took too long and was left", "A part did not close in time; the process ends without it."),
    Event("the process failed", "What nobody foresaw ended the process; the line has the traceback."),
    Event("a thread failed", "What nobody foresaw ended a thread; the line has the traceback."),
    Event("unexpected error", "What nobody foresaw ended a call; the line has the traceback, the client an id."),
    Event("doubtful setting", "The configuration holds, but not as its writer may think."),
    Event("ready", "The service can work."),
    Event("not ready", "The service cannot work, and why; it asks again every second."),
    Event("part not examined", "What nobody foresaw kept health from looking at a part; the line has the traceback."),
    Event("metrics not shown", "A scrape failed; the line has the traceback."),
    # Parts that are away, and what is done without them.
    Event("the database is not there yet", "Postgres did not answer at the start; the service waits for it."),
    Event("database away", "Postgres does not answer; requests are refused at once until it does."),
    Event("database back", "Postgres answers again."),
    Event("breaker opened", "A part failed too often: it is left alone for a while."),
    Event("breaker closed", "The part answers again."),
    Event("redis refuses writes", "Redis answers and is full, a replica or without a disk: nothing is kept in it."),
    Event("redis takes writes", "Redis keeps what it is given again."),
    Event("collector does not take spans", "Traces are lost until it does; nothing else is."),
    Event("spans cannot be sent", "An attribute does not fit the format; told once, the line has the traceback."),
    Event("collector is back", "Traces are sent again."),
    Event("bundle without search", "Made of the files that the request names; the bundle is labelled."),
    Event("answering without words", "A search goes on by vectors and paths; the answer is labelled."),
    Event("answering without vectors", "A search goes on by words and names; the answer is labelled."),
    Event("answering without the reranker", "It is late, or not the one that is asked for; the answer is labelled."),
    Event("history not read", "A run could not list the commits before its own, and goes on."),
    Event("links left out", "A bundle lacks what the code graph links to its best matches; the answer is labelled."),
    Event("surroundings left out", "A bundle is made of what search found alone; the answer is labelled."),
    # Queue and workers.
    Event("operation not sent", "The broker did not take an operation; the reaper sends it again."),
    Event("next operation not sent", "The same, for the one that waited behind another."),
    Event("running without a broker", "The service runs an operation in a process of its own."),
    Event("the run ended with an error", "That process ended with another exit code than 0."),
    Event("round failed", "The reaper could not look for lost work; it tries again seconds later."),
    Event("heartbeat failed", "A lease could not be renewed; it runs out when that goes on."),
    Event("heartbeat not written", "A worker could not tell that it lives."),
    Event("heartbeat not taken away", "A worker could not tell that it ends."),
    Event("child killed", "A child of a worker was silent for a minute; another takes its place."),
    Event("pulse not written", "The file that shows that a worker lives cannot be written."),
    Event("lease not released", "The lease of an operation runs out instead, after 20 s."),
    Event("content quarantined", "A file broke a parser: it is cut by lines or left out, and not tried again; reason."),
    Event("run killed", "A run was past a hard limit: its process ends, and another goes on; detail, stage."),
    Event("reason not written", "That could not be written into the operation's row."),
    Event("maintenance failed", "A step after the publish; the index is right without it, only slower or larger."),
    Event("maintenance done", "A step after the publish had something to do: count."),
    Event("index checked", "A self-check ended: documents, differing, recall."),
    Event("index differs", "A document's stored rows are not what its content gives: path, parts. Without a path: the "
          "snapshot itself."),
    Event("check not made", "A self-check could not be made; another one follows."),
    Event("builds removed", "Rows of builds that nothing used are gone because somebody asked for it: count."),
    Event("clones removed", "Mirrors of deleted repositories are gone from this worker's disk: count."),
    Event("clones not removed", "They are not, and why."),
))  # fmt: skip
