#!/bin/sh
# Makes the databases of the Temporal server, or brings them to this version.
set -eu

SQL_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
export SQL_PASSWORD

# tool DATABASE COMMAND...
tool() {
  database=$1
  shift
  temporal-sql-tool --plugin postgres12 --endpoint "${POSTGRES_ADDRESS%:*}" --port "${POSTGRES_ADDRESS##*:}" \
    --user "${POSTGRES_USER:-temporal}" --database "$database" "$@"
}

for store in temporal visibility; do
  case $store in
    temporal) database=temporal ;;
    visibility) database=temporal_visibility ;;
  esac
  # Each step does nothing where it has been done.
  tool "$database" create-database
  tool "$database" setup-schema --version 0.0
  tool "$database" update-schema --schema-name "postgresql/v12/$store"
done
