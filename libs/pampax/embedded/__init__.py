"""The whole system on one machine: embedded PostgreSQL and Valkey and every service as a watched process on loopback.

`layout` and `secrets` say where things lie, `postgres` and `valkey` run the two servers, `supervisor` and `lead` keep
the processes of one data directory alive, and `system` starts, finds and stops them for the command line.
"""
