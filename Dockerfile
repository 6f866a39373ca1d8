# The program bundled, with Node and its libraries and nothing else: no shell, no package manager, a user without rights. What is in it is collected by the
# same tool as for `npm run image`. Node is that of the lockfile; its libraries are those of the image that it is built in, which can be another one with npm,
# Node 24.15 or newer and glibc:
#   docker build --build-arg BUILD_IMAGE=my/node-with-npm:24 .
# Pinned by the digest of the list of all architectures: a tag is whatever its registry says today.
ARG BUILD_IMAGE=docker.io/library/node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY tools/node-runtime tools/node-runtime
RUN ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
COPY tsconfig.json LICENSE ./
COPY tools tools
COPY src src
COPY playground playground
RUN ["node_modules/.bin/node", "tools/build-image.ts", "--folder=/image"]

FROM scratch
ARG VERSION=0.0.0
ARG REVISION=unknown
# A release adds what only it knows: tools/image/labels.ts.
LABEL org.opencontainers.image.title="gemini-webhook-operator" \
      org.opencontainers.image.description="A Kubernetes operator that makes Gemini API webhooks reliable: registered, signed, verified, stored, delivered." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production PATH=/usr/bin:/bin
COPY --from=build /image/base/ /
COPY --from=build /image/program/ /
USER 65532:65532
EXPOSE 8080 9090
# Why the flags: tools/image/entrypoint.ts.
ENTRYPOINT ["node", "--max-semi-space-size=16", "--heap-growing-percent=100", "/app/gwh.mjs"]
