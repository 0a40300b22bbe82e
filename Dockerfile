# A worker, or any command of Bosun. Temporal's native library needs glibc: no Alpine.
FROM node:24.18.0-bookworm-slim

# git for isolated tasks, bubblewrap for commands where the container may use it.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git bubblewrap \
  && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/bosun
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
COPY . .

# State and workspace belong to the user that agents run as.
RUN ln -s /opt/bosun/bin/bosun /usr/local/bin/bosun \
  && install --directory --owner=node --group=node --mode=700 /var/lib/bosun \
  && install --directory --owner=node --group=node /workspace
USER node
ENV NODE_ENV=production BOSUN_DIR=/var/lib/bosun

CMD ["bosun", "worker"]
