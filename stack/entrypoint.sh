#!/bin/sh
# Puts the database's address together from the file that holds its password, so that the password
# stands in no compose file and no image; `mlmon env` says what Dagster needs besides.
set -eu
password=$(cat "${DATABASE_PASSWORD_FILE:-/run/secrets/postgres}")
export MLMON_DATABASE_URL="postgresql://${DATABASE_USER:-mlmon}:$password@postgres:5432/mlmon"
settings=$(mlmon env)
eval "$settings"
exec "$@"
