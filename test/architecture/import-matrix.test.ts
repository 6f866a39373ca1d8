import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

interface Rights {
  rooms: string[]
  packages: string[]
}

/**
 * Which room may import what: rooms of the same house, and packages. A single file of another room is written as
 * `room/file`. The files of `everywhere` may be imported everywhere in their house, Node's own modules too. A better
 * boundary may replace one of these in the same commit that needs it.
 */
const product: Record<string, Rights> = {
  api: { rooms: [], packages: ['zod'] },
  contract: { rooms: [], packages: ['zod'] },
  kubernetes: { rooms: ['fairness', 'observability'], packages: ['@kubernetes/client-node', 'undici', 'yaml'] },
  outbound: { rooms: [], packages: ['undici'] },
  gemini: {
    rooms: [
      'contract/consumers/gemini-events',
      'fairness',
      'observability',
      'outbound/bound-fetch',
      'outbound/proxy-error',
      'outbound/read-bounded',
    ],
    packages: ['@google/genai', 'zod'],
  },
  conformance: {
    rooms: ['gemini', 'observability', 'outbound/read-bounded', 'signature/sign', 'signature/signing-secret'],
    packages: [],
  },
  signature: { rooms: [], packages: ['jose'] },
  feed: { rooms: ['contract', 'fairness'], packages: [] },
  admin: { rooms: ['contract', 'inbox/port', 'feed', 'observability'], packages: ['fastify'] },
  fairness: { rooms: [], packages: [] },
  filter: {
    rooms: [
      'contract',
      'fairness',
      'gemini/event',
      'gemini/event-aliases',
      'gemini/event-subject',
      'gemini/parse-event',
      'observability',
    ],
    packages: ['@marcbachmann/cel-js'],
  },
  controller: {
    rooms: [
      'api',
      // The type of its settings.
      'config/controller-config',
      'contract',
      'fairness',
      'filter',
      'kubernetes',
      'gemini',
      'observability',
      // Its probe speaks to an endpoint as Google does.
      'outbound/open-outbound',
      'outbound/proxy-error',
      'signature/signed-delivery',
      'signature/signing-secret',
      'sinks/failure-cause',
    ],
    packages: [],
  },
  tracing: {
    rooms: ['observability'],
    packages: [
      '@opentelemetry/api',
      '@opentelemetry/core',
      '@opentelemetry/exporter-trace-otlp-proto',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace',
      '@opentelemetry/semantic-conventions',
    ],
  },
  receiver: {
    rooms: [
      'api',
      'contract',
      'fairness',
      'connections',
      'gemini/batch-job',
      'gemini/known-event-types',
      'signature',
      'inbox/port',
      'kubernetes',
      'observability',
      'routes',
      'tracing/port',
      'tracing/trace-text',
    ],
    packages: ['fastify'],
  },
  inbox: {
    rooms: ['contract', 'fairness', 'gemini/parse-event', 'nats', 'observability'],
    packages: ['zod', '@nats-io/transport-node', '@nats-io/jetstream'],
  },
  names: { rooms: [], packages: [] },
  connections: { rooms: ['fairness'], packages: [] },
  kafka: { rooms: [], packages: ['@platformatic/kafka'] },
  nats: { rooms: ['observability'], packages: ['@nats-io/transport-node'] },
  dispatcher: {
    rooms: [
      'api/kind',
      'fairness',
      'inbox/port',
      'sinks/port',
      'contract',
      'filter',
      'observability',
      'tracing/port',
      'tracing/trace-text',
    ],
    packages: [],
  },
  routes: {
    rooms: ['contract', 'filter/plain-filter', 'filter/read-event', 'inbox/port', 'observability', 'sinks/port'],
    packages: [],
  },
  sinks: {
    rooms: [
      'api',
      'fairness',
      'contract',
      'inbox/port',
      'gemini/batch-job',
      'gemini/event',
      'gemini/event-subject',
      'kafka',
      'kubernetes',
      'nats',
      'signature',
      'observability',
      'tracing/port',
      'tracing/trace-text',
    ],
    packages: ['ipaddr.js', '@nats-io/transport-node'],
  },
  cli: {
    rooms: [
      'api',
      'config',
      'conformance',
      'contract',
      'kubernetes',
      'gemini',
      'outbound',
      'controller/facts/ownership',
      'controller/facts/service-host',
      'controller/installation/object-owner',
      'controller/reports/receiver-reports',
      // What a manifest would do with an event is found out by what does it.
      'controller/routes/compose-filter',
      'controller/sinks/judge-transform',
      'controller/sinks/resolve-sinks',
      'filter/check-filter',
      'filter/evaluate-event',
      'filter/expression',
      'signature',
      'sinks/build-request',
      'sinks/event-note',
      'sinks/kafka-record',
      'sinks/failure-cause',
      'sinks/port',
      'observability',
    ],
    packages: ['yaml', 'jose'],
  },
  config: { rooms: ['gemini/known-event-types'], packages: ['zod', 'yaml'] },
  observability: { rooms: ['connections'], packages: ['pino', '@prometheus-io/client'] },
  // The page's server does what the commands do, with their code.
  ui: {
    rooms: [
      'api',
      'cli',
      'config/ui-config',
      'contract',
      'controller/rotation/rotation-schedule',
      'controller/rotation/rotation-window',
      'kubernetes',
      'outbound',
      // From a checkout only: the program's bundle has the page in it.
      'tools/bundle-page.ts',
    ],
    packages: ['fastify', 'zod'],
  },
  // Runs in a browser: of the contract it takes types and addresses, no schemas.
  page: { rooms: ['contract'], packages: ['preact', '@preact/signals', 'uplot'] },
}

/**
 * A cluster and a Google to run the product against. What it needs of its surroundings is handed in, so that it knows
 * nothing of the product.
 */
const playground: Record<string, Rights> = {
  'kubernetes-api': { rooms: [], packages: ['fastify', 'ws', 'yaml', '@marcbachmann/cel-js'] },
  'webhook-service': { rooms: [], packages: ['fastify', 'undici', 'jose', 'zod'] },
}

/**
 * Puts the rooms together: all but the commands, what runs in browsers, and those that serve other rooms only.
 */
const roles: Rights = {
  rooms: Object.keys(product).filter((room) => !['cli', 'conformance', 'connections', 'nats', 'page'].includes(room)),
  packages: [],
}

const houses: Record<string, { rooms: Record<string, Rights>; everywhere: string[] }> = {
  src: {
    rooms: { ...product, roles },
    everywhere: [
      'backoff.ts',
      'clock.ts',
      'format-time.ts',
      'is-record.ts',
      'listen-on.ts',
      'never-connected.ts',
      'no-schemas.ts',
      'program-file.ts',
      'result.ts',
      'retry-after.ts',
      'scan-json.ts',
      'sum-duration.ts',
      'unreachable.ts',
      'until-aborted.ts',
    ],
  },
  playground: { rooms: playground, everywhere: ['clock.ts', 'host-in-url.ts', 'logger.ts'] },
}

/** Who may import the playground: what puts it around the product, and what is documented from it. */
const usersOfThePlayground =
  /^(src\/roles\/sandbox|demo|bench|test)\/|^tools\/(generate-simulator-page|consumers\/example-requests)\.ts$/

/**
 * Which folder of the controller may import which: its verbs, each from below. `facts` is what is known of one webhook,
 * and what every verb may use; single files lie beside the folders. No folder imports one that imports it.
 */
const controllerFolders: Record<string, string[]> = {
  config: [],
  rotation: [],
  secrets: ['config'],
  facts: ['config', 'rotation', 'secrets'],
  memory: ['config', 'facts'],
  plan: ['config', 'facts', 'keyring', 'rotation', 'secrets'],
  keyring: ['facts', 'secrets'],
  sinks: ['facts'],
  reports: ['config', 'facts'],
  installation: ['facts'],
  metrics: ['facts', 'reports'],
  backfill: ['facts'],
  observe: ['config', 'facts', 'installation', 'keyring', 'memory', 'metrics', 'plan', 'reports', 'secrets', 'sinks'],
  apply: ['facts', 'memory', 'observe', 'plan', 'secrets'],
  gap: ['apply', 'facts'],
  status: ['apply', 'backfill', 'facts', 'gap', 'installation', 'observe', 'plan', 'reports', 'rotation', 'secrets'],
  routes: [
    'config',
    'facts',
    'installation',
    'keyring',
    'metrics',
    'observe',
    'plan',
    'reports',
    'secrets',
    'sinks',
    'status',
  ],
  housekeeping: ['config'],
  reflectors: ['config', 'facts', 'keyring', 'sinks'],
  'object-waker': ['facts', 'keyring', 'memory', 'observe'],
  sweep: ['config', 'facts', 'keyring', 'memory', 'observe', 'reflectors', 'reports'],
  reconcile: ['apply', 'facts', 'memory', 'observe', 'plan', 'reports', 'status'],
  controller: [
    'backfill',
    'config',
    'facts',
    'housekeeping',
    'installation',
    'keyring',
    'memory',
    'metrics',
    'object-waker',
    'observe',
    'reconcile',
    'reflectors',
    'reports',
    'routes',
    'sweep',
  ],
}

interface Import {
  from: string
  target: string
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g
  return [...text.matchAll(pattern)].map((match) => ({ from: file, target: match[1] ?? match[2] ?? match[3] ?? '' }))
}

function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/')
}

/** From the root of the repository. */
const pathOf = ({ from, target }: Import) => normalize(join(dirname(from), target))

/** Of the product beside its rooms: these choose what runs. The others beside the rooms know nothing but each other. */
const programs = new Set(['src/main.ts', 'src/program.ts'])

/** The rights of its room under which an import may stand, any of which will do; none: it needs no right. */
function rightsFor({ from, target }: Import): string[] {
  const [house = '', room = ''] = from.split('/')
  if (target.startsWith('node:')) return []
  if (!target.startsWith('.')) return [packageOf(target)]
  const path = pathOf({ from, target })
  if (path.startsWith('playground/') && usersOfThePlayground.test(from)) return []
  if (!path.startsWith(`${house}/`)) return [path]
  const inHouse = path.slice(house.length + 1)
  const [targetRoom = ''] = inHouse.split('/')
  if (houses[house]?.everywhere.includes(inHouse) === true || targetRoom === room) return []
  return [targetRoom, inHouse.replace(/\.ts$/, '')]
}

function rightsOf(from: string): string[] | undefined {
  const [house = '', room = ''] = from.split('/')
  if (room.endsWith('.ts')) return []
  const rights = houses[house]?.rooms[room]
  return rights === undefined ? undefined : [...rights.rooms, ...rights.packages]
}

/** With its house: `src/inbox`. */
const roomOf = (path: string) => path.split('/').slice(0, 2).join('/')

function violationOf({ from, target }: Import): string | undefined {
  if (programs.has(from)) return undefined
  const rights = rightsOf(from)
  if (rights === undefined) return `${from}: its room is not in the matrix`
  const needed = rightsFor({ from, target })
  return needed.length === 0 || needed.some((right) => rights.includes(right)) ? undefined : `${from}: ${target}`
}

const files = globSync('{src,playground}/**/*.{ts,tsx}').toSorted()

test('every import stays inside what its room may know', () => {
  const violations = files
    .flatMap(importsOf)
    .map(violationOf)
    .filter((found) => found !== undefined)
  assert.deepEqual(violations, [])
})

test('no room has a right that none of its files uses', () => {
  const used = new Set(
    files.flatMap(importsOf).flatMap((each) => rightsFor(each).map((right) => `${roomOf(each.from)}: ${right}`)),
  )
  const given = Object.entries(houses).flatMap(([house, { rooms }]) =>
    Object.keys(rooms).flatMap((room) =>
      (rightsOf(`${house}/${room}/`) ?? []).map((right) => `${house}/${room}: ${right}`),
    ),
  )
  assert.ok(given.length > 100, `${given.length} rights`)
  assert.deepEqual(
    given.filter((right) => !used.has(right)),
    [],
  )
})

test('what every room may import is imported', () => {
  const targets = new Set(files.flatMap(importsOf).map(pathOf))
  const shared = Object.entries(houses).flatMap(([house, { everywhere }]) =>
    everywhere.map((file) => `${house}/${file}`),
  )
  assert.deepEqual(
    shared.filter((file) => !targets.has(file)),
    [],
  )
})

test('the playground is imported by what puts it around the product, and by nothing else', () => {
  const others = globSync('{src,demo,bench,test,tools}/**/*.{ts,mjs}', { exclude: ['**/node_modules/**'] })
  const users = others.flatMap(importsOf).filter((each) => pathOf(each).startsWith('playground/'))
  assert.ok(users.length > 50, `${users.length} imports`)
  const strays = users.filter(({ from }) => !usersOfThePlayground.test(from))
  assert.deepEqual(strays, [])
})

test('the sandbox is put together for its command alone', () => {
  const users = files
    .filter((file) => !file.startsWith('src/roles/sandbox/'))
    .flatMap(importsOf)
    .filter((each) => pathOf(each).startsWith('src/roles/sandbox/'))
  assert.deepEqual(users, [{ from: 'src/program.ts', target: './roles/sandbox/run.ts' }])
})

/** The folder of the controller, or the file beside them, that a path is in. */
function controllerFolderOf(path: string): string {
  const [, , folder = ''] = path.split('/')
  return folder.replace(/\.ts$/, '')
}

function sorted(folders: Iterable<readonly [string, Iterable<string>]>): Record<string, string[]> {
  return Object.fromEntries([...folders].map(([folder, others]) => [folder, [...others].toSorted()]))
}

test('the folders of the controller import what lies below them, each what it uses, and none another that imports it', () => {
  const inController = globSync('src/controller/**/*.ts')
  const used = new Map(inController.map((file) => [controllerFolderOf(file), new Set<string>()]))
  for (const { from, target } of inController.flatMap(importsOf)) {
    const path = normalize(join(dirname(from), target))
    const [folder, other] = [controllerFolderOf(from), controllerFolderOf(path)]
    if (target.startsWith('.') && path.startsWith('src/controller/') && other !== folder) used.get(folder)?.add(other)
  }
  assert.deepEqual(sorted(used), sorted(Object.entries(controllerFolders)))

  const isBelow = (folder: string, other: string): boolean =>
    (controllerFolders[folder] ?? []).some((next) => next === other || isBelow(next, other))
  const circles = Object.keys(controllerFolders).filter((folder) => isBelow(folder, folder))
  assert.deepEqual(circles, [])
})

test('what is remembered of an object is written by its passes: whoever observes and plans knows only what it shows', () => {
  const writers = new Set(['src/controller/memory/memory.ts', 'src/controller/memory/memories.ts'])
  const users = globSync('src/**/*.ts')
    .filter((file) => importsOf(file).some((each) => writers.has(pathOf(each))))
    .toSorted()
  assert.deepEqual(users, [
    'src/controller/apply/pass-context.ts',
    'src/controller/controller.ts',
    'src/controller/memory/memories.ts',
    'src/controller/object-waker.ts',
    'src/controller/reconcile.ts',
    'src/controller/sweep.ts',
  ])
})

test('the environment is read in config and main only', () => {
  const readers = files.filter((file) => readFileSync(file, 'utf8').includes('process.env'))
  assert.deepEqual(
    readers.filter((file) => !file.startsWith('src/config/') && file !== 'src/main.ts'),
    [],
  )
})

/** What runs as soon as a file is imported: no types, and nothing that is imported later. */
function loadedBy(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const statement = /^(?:import|export)\s(?!type\s)[^;'"]*?from\s*'([^']+)'|^import\s*'([^']+)'/gm
  return [...text.matchAll(statement)].map((match) => match[1] ?? match[2] ?? '')
}

test('help, and every role before its own code, loads no client and no server: what a command works with is imported when it runs', () => {
  const seen = new Set(['src/program.ts'])
  const packages = new Set<string>()
  for (const file of seen) {
    for (const target of loadedBy(file)) {
      if (target.startsWith('.')) seen.add(normalize(join(dirname(file), target)))
      else if (!target.startsWith('node:')) packages.add(packageOf(target))
    }
  }
  assert.ok(seen.has('src/cli/webhook/status.ts'), [...seen].join(' '))
  assert.deepEqual([...packages].toSorted(), ['yaml', 'zod'])
  assert.ok(!seen.has('src/contract/admin-api/routes.ts'), 'its schemas take longer to make than all of the help')
})

test('time and chance are handed in, not taken', () => {
  const takers = files.filter((file) =>
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/.test(readFileSync(file, 'utf8')),
  )
  assert.deepEqual(
    takers.filter((file) => !['src/clock.ts', 'src/main.ts'].includes(file)),
    [],
  )
})
