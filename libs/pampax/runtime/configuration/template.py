"""A commented pampax.toml: every setting with its meaning and its default, none of them set."""

from __future__ import annotations

import textwrap
from itertools import groupby

from pampax.runtime.configuration.catalog import Setting, catalog, toml_value

WIDTH = 100
_HEAD = """\
# Settings of PAMPAX. A line without its first # sets a value; PAMPAX_ variables overrule this file, and flags overrule
# both: [log] level is PAMPAX_LOG__LEVEL and --log.level. Whoever can read this file can read the secrets in it: keep it
# to yourself (chmod 600). `pampax config validate` checks it.
"""
_CLIENT = """
# The command line tool alone reads this section, in the pampax.toml of the folder it is called in.
[client]
# The gateway that commands ask when neither --endpoint nor PAMPAX_ENDPOINT names one.
# endpoint = "http://HOST:8080"

# A file beside this one that holds the API key for it.
# token_file = "KEY_FILE"
"""


def commented_file() -> str:
    """The whole file. It is valid and changes nothing."""
    parts = [_HEAD]
    for section, settings in groupby(catalog(), key=lambda setting: setting.section):
        heading = f"[{section}]\n" if section else ""
        parts.append(heading + "\n".join(_lines(setting) for setting in settings))
    return "\n".join([*parts, _CLIENT.lstrip("\n")])


def _lines(setting: Setting) -> str:
    meaning = f"{setting.meaning[:1].upper()}{setting.meaning[1:]}: {setting.allowed}. Read by: {setting.read_by}."
    comment = textwrap.wrap(meaning, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    return "\n".join([*comment, f"# {setting.path[-1]} = {toml_value(setting.default)}", ""])
