#!/bin/sh
# Starts the Temporal server, with the password of its database from a file.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
DYNAMIC_CONFIG_FILE=$here/dynamic-config.yaml
export POSTGRES_PASSWORD DYNAMIC_CONFIG_FILE

exec temporal-server --root "$here" --config . --env server --allow-no-auth start
