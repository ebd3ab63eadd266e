"""Measuring a system as its users meet it: corpora, suites, records, and the comparison of two states of the code.

A suite drives a system through its command line and its REST API only, so that the same kernel measures any commit.
`corpus` makes the repositories that are searched, `suites` take the figures, `record` keeps them, `comparison` and
`significance` tell two of them apart, and `report` and `plot` show them. `pampax bench` is its command.
"""
