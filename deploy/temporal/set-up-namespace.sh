#!/bin/sh
# Makes the namespace as Bosun wants it, or brings an old one to that.
set -eu

namespace=${TEMPORAL_NAMESPACE:-default}
retention=${RETENTION:-720h}

tries=60
until temporal operator cluster health >/dev/null 2>&1; do
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo "The Temporal server at $TEMPORAL_ADDRESS does not answer." >&2
    exit 1
  fi
  sleep 1
done

if temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1; then
  temporal operator namespace update --namespace "$namespace" --retention "$retention"
else
  temporal operator namespace create --namespace "$namespace" --retention "$retention"
fi

# Those that are there already are left as they are.
temporal operator search-attribute create --namespace "$namespace" \
  --name AgentName --type Keyword \
  --name AgentStatus --type Keyword \
  --name AgentDepth --type Int
