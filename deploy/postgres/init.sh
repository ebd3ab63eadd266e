#!/bin/bash
# Runs once, when the database is made: the role that owns the schema, its database, and the extension that only a
# superuser may add. The role that services connect as is made by the migrations.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set password `cat /run/pampax/owner_password`
CREATE ROLE pampax_owner LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE pampax OWNER pampax_owner;
\connect pampax
CREATE EXTENSION vector;
SQL
