import { addressPattern, namespacePattern, quantityPattern } from './kubernetes-names.ts'
import { bool, closed, exactlyOne, line, many, named, sequence, whole, word } from './kubernetes-schemas.ts'
import { absolutePath, envVar, mount, relativePath } from './kubernetes-volumes.ts'
import type { ValueSchema } from './value-schema.ts'

/** Containers of a pod, and their parts, that are given in values: what a container beside ours has a use for. */

const id = whole(0, 2 ** 31 - 1)
const profile = (localhostProfile: ValueSchema): ValueSchema => ({
  oneOf: [
    closed({ type: word('RuntimeDefault', 'Unconfined') }, 'type'),
    closed({ type: word('Localhost'), localhostProfile }, 'type', 'localhostProfile'),
  ],
})
/** A file below the kubelet's folder of profiles; the other one is a profile that the node has loaded. */
export const seccompProfile = profile(relativePath)
export const appArmorProfile = profile(line)
export const seLinuxOptions = closed({ level: line, role: line, type: line, user: line })
/** As Kubernetes writes them, without CAP_. */
const capabilities = many({ type: 'string', pattern: '^[A-Z]+(_[A-Z]+)*$', not: { type: 'string', pattern: '^CAP_' } })

export const securityContext: ValueSchema = closed({
  allowPrivilegeEscalation: bool,
  readOnlyRootFilesystem: bool,
  runAsNonRoot: bool,
  runAsUser: id,
  runAsGroup: id,
  capabilities: closed({ add: capabilities, drop: capabilities }),
  seccompProfile,
  appArmorProfile,
  seLinuxOptions,
})

const quantities: ValueSchema = {
  type: 'object',
  propertyNames: {
    pattern:
      '^(cpu|memory|ephemeral-storage|hugepages-[1-9][0-9]*[KMG]i|[a-z0-9]+([.-][a-z0-9]+)*/[A-Za-z0-9]+([._-][A-Za-z0-9]+)*)$',
  },
  additionalProperties: {
    anyOf: [
      { type: 'string', pattern: `${quantityPattern}|^[0-9]{1,9}(\\.[0-9]{1,3})?$` },
      { type: 'number', minimum: 0 },
    ],
  },
}
export const requirements = closed({ requests: quantities, limits: quantities })

/** How often and how patiently is asked. Kubernetes wants one success, but for readiness. */
export const probeTimes: Record<string, ValueSchema> = {
  initialDelaySeconds: whole(0, 3600),
  periodSeconds: whole(1, 3600),
  timeoutSeconds: whole(1, 3600),
  failureThreshold: whole(1, 3600),
}
const grace = { terminationGracePeriodSeconds: whole(1, 3600) }
export const startupTimes = { ...probeTimes, ...grace }
export const readinessTimes = { ...probeTimes, successThreshold: whole(1, 3600) }

const port = whole(1, 65_535)
const portName: ValueSchema = { type: 'string', pattern: '^[a-z](-?[a-z0-9])*$', maxLength: 15 }
const portOrName: ValueSchema = { anyOf: [port, portName] }
const host: ValueSchema = { anyOf: [{ type: 'string', pattern: addressPattern }, named()] }
const handlers = {
  exec: closed({ command: sequence({ type: 'string' }, 1) }, 'command'),
  httpGet: closed(
    {
      path: { type: 'string', pattern: '^/[!-~]*$' },
      port: portOrName,
      scheme: word('HTTP', 'HTTPS'),
      host,
      httpHeaders: sequence(closed({ name: named('^[-A-Za-z0-9]+$'), value: line }, 'name', 'value')),
    },
    'port',
  ),
}
const asked = {
  ...handlers,
  tcpSocket: closed({ port: portOrName, host }, 'port'),
  grpc: closed({ port, service: line }, 'port'),
}
const probe = (times: Record<string, ValueSchema>): ValueSchema => ({
  ...closed({ ...times, ...asked }),
  ...exactlyOne(...Object.keys(asked)),
})
const hook: ValueSchema = { ...closed(handlers), ...exactlyOne(...Object.keys(handlers)) }

const optional = { name: named(), optional: bool }
const ofAny: Record<string, ValueSchema> = {
  name: { ...named(namespacePattern), maxLength: 63 },
  image: line,
  imagePullPolicy: word('Always', 'IfNotPresent', 'Never'),
  command: sequence({ type: 'string' }),
  args: sequence({ type: 'string' }),
  workingDir: absolutePath,
  ports: many(closed({ name: portName, containerPort: port, protocol: word('TCP', 'UDP', 'SCTP') }, 'containerPort')),
  env: many(envVar([])),
  envFrom: many({
    ...closed({
      prefix: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9._-]*$' },
      configMapRef: closed(optional, 'name'),
      secretRef: closed(optional, 'name'),
    }),
    ...exactlyOne('configMapRef', 'secretRef'),
  }),
  resources: requirements,
  volumeMounts: many(mount),
  securityContext,
  terminationMessagePath: absolutePath,
  terminationMessagePolicy: word('File', 'FallbackToLogsOnError'),
}
const ofRunning: Record<string, ValueSchema> = {
  startupProbe: probe(startupTimes),
  livenessProbe: probe(startupTimes),
  readinessProbe: probe(readinessTimes),
  lifecycle: closed({ postStart: hook, preStop: hook }),
}

export const container = closed({ ...ofAny, ...ofRunning }, 'name', 'image')
/** One that ends before ours starts; or, with restartPolicy Always, one that runs beside ours from then on. */
export const initContainer: ValueSchema = {
  type: 'object',
  oneOf: [
    closed(ofAny, 'name', 'image'),
    closed({ ...ofAny, ...ofRunning, restartPolicy: word('Always') }, 'name', 'image', 'restartPolicy'),
  ],
}
