#!/bin/sh
# What the official image's entry point does with these variables: a cluster on the first start, then the server.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  password=$(mktemp)
  printf '%s' "${POSTGRES_PASSWORD:?}" > "$password"
  mkdir -p -m 0700 "$PGDATA"
  # shellcheck disable=SC2086  # several options in one variable, as in the official image
  initdb -D "$PGDATA" -U "$user" --pwfile="$password" ${POSTGRES_INITDB_ARGS:-}
  rm "$password"
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  {
    echo "listen_addresses = '*'"
    echo "unix_socket_directories = '/var/run/postgresql'"
  } >> "$PGDATA/postgresql.conf"
  pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=''" start
  if [ "$database" != postgres ]; then
    PGPASSWORD=$POSTGRES_PASSWORD psql -h /var/run/postgresql -U "$user" -d postgres -c "create database \"$database\""
  fi
  pg_ctl -D "$PGDATA" -w -m fast stop
fi
exec "$@"
