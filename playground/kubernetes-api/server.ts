import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { stringify as toYaml } from 'yaml'
import type { Clock } from '../clock.ts'
import { hostInUrl } from '../host-in-url.ts'
import type { Logger } from '../logger.ts'
import { routeAccessReviews } from './access-reviews.ts'
import { startCascades } from './cascades.ts'
import { decodeObject } from './decode.ts'
import { routeDiscovery } from './discovery-routes.ts'
import { customResourceDefinitions } from './kinds/custom-resource-definitions.ts'
import { namespaces } from './kinds/cluster-kinds.ts'
import { ObjectStore } from './object-store.ts'
import { Registry } from './registry.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { servePortForwards } from './port-forward.ts'
import { encode } from './representation.ts'
import { notServed, routeResources } from './routes.ts'
import { createServingCertificate } from './serving-certificate.ts'
import { StatusError } from './status-error.ts'
import { createObject, type ApiState } from './write.ts'

/** What a real server accepts for one object, and then some. */
const maxBodyBytes = 3 * 1024 * 1024

export interface KubernetesApiOptions {
  clock: Clock
  /** Numbers in [0, 1): for uids and generated names. Not a source of secrets. */
  random: () => number
  logger: Logger
  /** The bearer token that every call but health and version must carry. */
  token: string
  /** Where to listen; 127.0.0.1 and 0 (any free port) unless told. */
  host?: string
  port?: number
  /** CustomResourceDefinition objects to serve from the start. */
  crds?: readonly object[]
}

export interface KubernetesApi {
  /** `https://127.0.0.1:<port>`. */
  url: string
  /** The authority that the server's certificate is checked with. */
  caPem: string
  /** A kubeconfig for this server; it holds the token. */
  kubeconfigYaml(): string
  /** Ends all watches and closes the server. Safe to call twice. */
  stop(): Promise<void>
  /** Forgets past changes, so that every watch that resumes from before now is told 410. For tests. */
  compactWatchHistory(): void
}

/**
 * A Kubernetes API server in memory, for demos, users' own tests and ours: enough for this operator and the stock
 * kubectl. Not an imitation of all of it. There is no RBAC (one token may do everything), no admission, no garbage
 * collection and no managedFields; pods are only written down, and their ports are ports of this machine; server-side
 * apply is refused as an unknown media type, and so is protobuf but for what kubectl's `create` commands send;
 * duplicate keys in JSON go unnoticed; CEL rules are checked for fields but not for types and have no cost limit;
 * nothing survives a restart.
 */
export async function startKubernetesApi(options: KubernetesApiOptions): Promise<KubernetesApi> {
  const { clock, random, token, logger } = options
  const state: ApiState = { store: new ObjectStore(), registry: new Registry(), clock, random }
  const stopCascades = startCascades(state)
  seed(state, options.crds ?? [])
  state.store.compact()
  const stopping = new AbortController()
  const { host = '127.0.0.1', port = 0 } = options
  const { certPem, keyPem } = createServingCertificate(host)
  const app = createApp({ state, token, logger, stopping: stopping.signal, tls: { cert: certPem, key: keyPem } })
  const authorize = ({ headers }: { headers: IncomingHttpHeaders }) => requireToken(headers.authorization, token)
  const forwards = servePortForwards(app.server, { store: state.store, authorize })
  await app.listen({ host, port })
  const url = `https://${hostInUrl(host)}:${(app.server.address() as AddressInfo).port}`
  return {
    url,
    caPem: certPem,
    kubeconfigYaml: () => kubeconfig(url, certPem, token),
    compactWatchHistory: () => state.store.compact(),
    async stop() {
      stopping.abort()
      stopCascades()
      forwards.stop()
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

function seed(state: ApiState, crds: readonly object[]): void {
  const create = (resource: ResourceDefinition, object: object) => {
    const decoded = decodeObject(resource, { ...object }, 'Strict')
    createObject(state, { resource, namespace: '', dryRun: false }, decoded)
  }
  for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system'])
    create(namespaces, { metadata: { name } })
  for (const crd of crds) create(customResourceDefinitions, crd)
}

interface AppOptions {
  state: ApiState
  token: string
  logger: Logger
  stopping: AbortSignal
  tls: { cert: string; key: string }
}

function createApp({ state, token, logger, stopping, tls }: AppOptions): FastifyInstance {
  // Typed as the plain instance: which server carries it makes no difference to routes and hooks.
  const app = fastify({
    https: tls,
    logger: false,
    bodyLimit: maxBodyBytes,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  }) as unknown as FastifyInstance
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (request, reply) => {
    // The server's own clock, so that clients can see how far theirs is off.
    reply.header('date', new Date(state.clock.now()).toUTCString())
    if (!isPublic(request.url)) requireToken(request.headers.authorization, token)
  })
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const refusal = refusalOf(error)
    if (refusal === undefined) logger.error({ error: error.message, stack: error.stack }, 'kubernetes_api.failed')
    const status = refusal ?? new StatusError(500, 'InternalError', `Internal error occurred: ${error.message}`)
    const { contentType, bytes } = encode(status.toStatus())
    return reply.code(status.code).type(contentType).send(bytes)
  })
  app.setNotFoundHandler((_request, reply) => notServed(reply))
  routeAccessReviews(app)
  routeDiscovery(app, state.registry)
  routeResources(app, state, stopping)
  return app
}

function refusalOf(error: FastifyError): StatusError | undefined {
  if (error instanceof StatusError) return error
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${maxBodyBytes}`)
  }
  return undefined
}

const publicPaths = new Set(['/healthz', '/livez', '/readyz', '/version'])

function isPublic(url: string): boolean {
  return publicPaths.has(url.split('?')[0] ?? '')
}

function requireToken(header: string | undefined, token: string): void {
  const sent = Buffer.from(header ?? '')
  const expected = Buffer.from(`Bearer ${token}`)
  if (sent.length === expected.length && timingSafeEqual(sent, expected)) return
  throw new StatusError(401, 'Unauthorized', 'Unauthorized')
}

function kubeconfig(server: string, caPem: string, token: string): string {
  const name = 'embedded'
  const authority = Buffer.from(caPem).toString('base64')
  return toYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  })
}
