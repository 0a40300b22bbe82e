#!/bin/sh
# Makes the namespace as Bosun wants it, or brings an old one to that.
set -eu

namespace=${TEMPORAL_NAMESPACE:-default}
retention=${RETENTION:-720h}

# try COMMAND...: again and again for a minute
try() {
  tries=60
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
      "$@"
      return
    fi
    sleep 1
  done
}

try temporal operator cluster health

if temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1; then
  temporal operator namespace update --namespace "$namespace" --retention "$retention"
else
  temporal operator namespace create --namespace "$namespace" --retention "$retention"
fi

# The server knows a new namespace after some seconds.
try temporal operator search-attribute list --namespace "$namespace"

# Those that are there already are left as they are.
temporal operator search-attribute create --namespace "$namespace" \
  --name AgentName --type Keyword \
  --name AgentStatus --type Keyword \
  --name AgentDepth --type Int
