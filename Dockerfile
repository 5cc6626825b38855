# syntax=docker/dockerfile:1
# One image for every process; Kubernetes chooses with the command (`node dist/builder/main.js`, `dist/dlq-consumer/main.js`,
# `dist/build-monitor/main.js`, `dist/cli/main.js`). The same commit makes the same image:
#   docker build --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) --output type=image,name=…,rewrite-timestamp=true .
# `--target local` is local mode with the tools that build functions, for a laptop (docker-compose.yml).
ARG NODE_BUILD_IMAGE=docker.io/library/node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d
ARG NODE_RUN_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot@sha256:14d42e2511532589a7c7e01a753667a74fcc96266e137e8125006b87b0c32d0a
ARG GO_IMAGE=docker.io/library/golang:1.26-bookworm@sha256:116d58cbd88c1297624acc6e967a060012422bacf9930927e23fb719189c6f36

FROM ${NODE_RUN_IMAGE} AS run
FROM ${GO_IMAGE} AS go

FROM ${NODE_BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package's script runs: the bundler's program comes as a package of its own.
RUN npm ci --ignore-scripts
COPY scripts/bundle.mjs scripts/
COPY tsconfig.json ./
COPY templates/ templates/
COPY src/ src/
RUN node scripts/bundle.mjs
ARG SOURCE_DATE_EPOCH=0
# As old as the commit. It belongs to root, so that nobody who runs it can change it. What V8 has compiled is not kept with it: that
# differs from run to run, and the image would too.
RUN find dist templates -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

FROM ${NODE_BUILD_IMAGE} AS local
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git procps python3 python3-pip util-linux \
  && rm -rf /var/lib/apt/lists/*
COPY --from=go /usr/local/go /usr/local/go
WORKDIR /app
COPY --from=build /app/dist/ dist/
COPY --from=build /app/templates/ templates/
RUN mkdir /data && chown 65532:65532 /data
ENV PATH=/usr/local/bin:/usr/local/go/bin:/usr/bin:/bin NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data SOURCES_DIR=/sources
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["node"]
CMD ["dist/local/main.js"]

FROM run
WORKDIR /app
COPY --from=build /app/templates/ templates/
COPY --from=build /app/dist/ dist/
# Fewer arenas: what a burst of packing has used is used again, and the builder stays under its 256 MiB.
ENV PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin NODE_ENV=production MALLOC_ARENA_MAX=2
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["node"]
CMD ["dist/builder/main.js"]
