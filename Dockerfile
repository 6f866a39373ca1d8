# The program bundled, on a base without shell and package manager, as a user without rights. Both images can be others of the same kind:
#   docker build --build-arg BASE_IMAGE=my/node:24 --build-arg BUILD_IMAGE=my/node-with-npm:24 .
# The base needs Node 24.15 or newer on PATH or in /nodejs/bin, and CA certificates. Pinned by the digest of the list of all architectures: a tag is whatever
# its registry says today.
ARG BUILD_IMAGE=docker.io/library/node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d
ARG BASE_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot@sha256:14d42e2511532589a7c7e01a753667a74fcc96266e137e8125006b87b0c32d0a

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY tools/node-runtime tools/node-runtime
RUN ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
COPY tsconfig.json ./
COPY tools tools
COPY src src
COPY playground playground
RUN ["node", "tools/build.ts", "--no-source-maps"]

FROM ${BASE_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gemini-webhook-operator" \
      org.opencontainers.image.description="Makes Gemini API webhooks reliable: registered, signed, verified, stored, delivered." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin
COPY LICENSE /licenses/LICENSE
COPY --from=build /src/dist /app
USER 65532:65532
EXPOSE 8080 9090
# Why the flags: tools/image/entrypoint.ts.
ENTRYPOINT ["node", "--max-semi-space-size=16", "--heap-growing-percent=100", "/app/gwh.mjs"]
