"""Repositories to measure with: generated from a fixed seed, or unpacked from a published package.

`dialects.toml` says what a file looks like in each language, `plan` which files there are and who uses whom, `text`
writes one of them, `generated` all of them, and `questions` asks for what they hold, with the right answers.
"""
