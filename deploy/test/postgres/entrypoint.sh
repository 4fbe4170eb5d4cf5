# As much of what the image does at its first start as docker-compose.yml relies on.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  password=$(mktemp)
  printf %s "$POSTGRES_PASSWORD" > "$password"
  # shellcheck disable=SC2086 # several options
  initdb -D "$PGDATA" --username=postgres --pwfile="$password" $POSTGRES_INITDB_ARGS
  rm "$password"
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
  echo "unix_socket_directories = '/var/run/postgresql'" >> "$PGDATA/postgresql.conf"
  for file in /docker-entrypoint-initdb.d/*.sql; do
    postgres --single -D "$PGDATA" postgres < "$file"
  done
fi
unset POSTGRES_PASSWORD
exec "$@"
