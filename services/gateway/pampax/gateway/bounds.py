"""How much a request may ask for and how long it may take. The contract in proto/ names the same numbers."""

from __future__ import annotations

# Search.
QUERY_BYTES = 8_192
SEARCH_REPOSITORIES = 50
SEARCH_LIMIT = (1, 100)
DEFAULT_SEARCH_LIMIT = 10
LANGUAGES = 32
MOST_KINDS = 8
GLOB_BYTES = 500
GLOBS = 16
PATTERN_BYTES = 1_024
# A year: longer than any index should live unrefreshed.
MAX_STALENESS_S = (0, 31_536_000)
# Opaque tokens of ours are far shorter.
PAGE_TOKEN_BYTES = 4_096

# What a snapshot is made of.
OUTLINE_FILES = (1, 1_000)
DEFAULT_OUTLINE_FILES = 200

# Bundles.
TASK_BYTES = 8_192
TOKEN_BUDGET = (256, 200_000)
DEFAULT_TOKEN_BUDGET = 8_000
SEED_PATHS = 20
MUST_INCLUDE = 20
BUNDLE_DEPTH = (0, 3)
DEFAULT_BUNDLE_DEPTH = 1
# Of a kept bundle as it is stored; a usual one has 60 KiB. And what a signature may be shortened to, in digits.
KEPT_BUNDLE_BYTES = 4 * 1024 * 1024
SHORT_SIGNATURE = 12

# The code graph.
SYMBOL_CHARS = 200
START_BYTES = 1_000
SYMBOLS = (1, 200)
DEFAULT_SYMBOLS = 50
GRAPH_DEPTH = (1, 8)
GRAPH_NODES = (1, 1_000)
DEFAULT_GRAPH_NODES = 100
# Context packs.
DESCRIPTION_BYTES = 1_000

# Repositories and their content.
PAGE_SIZE = (1, 1_000)
DEFAULT_PAGE_SIZE = 100
PATTERNS = 100
URL_CHARS = 2_048
# What a git server wants to see.
TOKEN_CHARS = 8_192
USERNAME_CHARS = 255
PRIVATE_KEY_BYTES = 32 * 1024
KNOWN_HOSTS_BYTES = 64 * 1024
# Ids of uploads, and the reasons why files were skipped.
LABEL_BYTES = 255
PATH_BYTES = 4_096
LINES = (1, 2_147_483_647)
BLOB_BYTES = 1024 * 1024
MANIFEST_ENTRIES = 500_000
SKIPPED_REASONS = 100
# The history of an upload: as many commits as are read, the files of one that says anything, and of all of them.
HISTORY_COMMITS = 2_000
CHANGED_FILES = 30
HISTORY_PATHS = HISTORY_COMMITS * CHANGED_FILES
# A minute to thirty days between two looks at a source.
REFRESH_S = (60, 2_592_000)
# Asked for at once in a plan: they fit into a body.
PLANNED_CONTENTS = 10_000

# Bodies, as sent. Only an upload's may be large, and inflate to more: 500,000 entries in JSON are about 70 MiB.
BODY_BYTES = 1024 * 1024
UPLOAD_BODY_BYTES = 32 * 1024 * 1024
INFLATED_UPLOAD_BYTES = 128 * 1024 * 1024
# Messages of a stream to indexing; the transport's limit is 16 MiB.
STREAM_MESSAGE_BYTES = 2 * 1024 * 1024

# Seconds.
SEARCH_S = 10.0
BUNDLE_S = 20.0
# A bundle that is sent in parts, as fast as its reader takes them.
STREAM_S = 60.0
UPLOAD_S = 60.0
OTHER_S = 10.0
WAIT_S = 70.0
# Watching an operation: how long at the most, how often it is looked at, how long a watcher hears nothing, and how
# long the indexing service may be away meanwhile.
WATCH_S = 900.0
WATCH_EVERY_S = 0.5
WATCH_SILENCE_S = 10.0
WATCH_PATIENCE_S = 60.0
# An agent's call, which may wait for a run: a little longer than the tool itself waits; and how long a client may take
# nothing of its answer.
MCP_S = 900.0
SEND_S = 30.0
# Reading and parsing a tree, or a clone of one first.
PLAN_S = 120.0
# Removing rows: several builds, each in a transaction of its own.
PRUNE_S = 60.0
# Deriving a sample of documents anew.
CHECKED_DOCUMENTS = (1, 10_000)
CHECK_S = 90.0
