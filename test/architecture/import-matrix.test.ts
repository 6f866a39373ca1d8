import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

/**
 * Which room may import what: rooms of ours, and packages. A single file of another room is written as `room/file`. The files of `everywhere` may be
 * imported everywhere, Node's own modules too. A better boundary may replace one of these in the same commit that needs it.
 */
const rooms: Record<string, { rooms: string[]; packages: string[] }> = {
  api: { rooms: [], packages: ['zod'] },
  kubernetes: { rooms: ['observability'], packages: ['@kubernetes/client-node', 'undici', 'yaml'] },
  gemini: { rooms: ['api', 'observability'], packages: ['@google/genai', 'zod'] },
  signature: { rooms: [], packages: ['jose'] },
  keyring: { rooms: [], packages: ['zod'] },
  reports: { rooms: [], packages: ['zod'] },
  orphans: { rooms: [], packages: ['zod'] },
  feed: { rooms: [], packages: [] },
  admin: { rooms: ['inbox/port', 'feed', 'observability'], packages: ['zod'] },
  filter: { rooms: ['keyring'], packages: ['@marcbachmann/cel-js'] },
  controller: {
    rooms: ['api', 'keyring', 'filter', 'reports', 'orphans', 'kubernetes', 'gemini', 'observability'],
    packages: [],
  },
  receiver: {
    rooms: ['api', 'keyring', 'reports', 'signature', 'inbox/port', 'feed/entry', 'kubernetes', 'observability'],
    packages: ['fastify'],
  },
  inbox: {
    rooms: ['gemini/parse-event', 'nats', 'observability'],
    packages: ['zod', '@nats-io/transport-node', '@nats-io/jetstream'],
  },
  nats: { rooms: ['observability'], packages: ['@nats-io/transport-node'] },
  dispatcher: { rooms: ['inbox/port', 'sinks/port', 'keyring', 'filter', 'feed/entry', 'observability'], packages: [] },
  sinks: {
    rooms: ['api', 'keyring', 'inbox/port', 'gemini/event', 'kubernetes', 'nats', 'signature', 'observability'],
    packages: ['undici', 'ipaddr.js', '@nats-io/transport-node'],
  },
  cli: {
    rooms: [
      'api',
      'config',
      'kubernetes',
      'gemini',
      'orphans',
      'controller/kinds',
      'controller/ownership',
      'controller/receiver-reports',
      'reports',
      'filter/check-filter',
      'keyring/shard',
      'signature',
      'sinks/failure-cause',
      'observability',
      'sandbox',
    ],
    packages: ['yaml', 'jose', 'undici'],
  },
  sandbox: {
    rooms: ['api', 'signature', 'gemini/event', 'observability', 'kubernetes/client'],
    packages: ['fastify', 'undici', 'jose', 'yaml', 'zod', '@marcbachmann/cel-js'],
  },
  config: { rooms: [], packages: ['zod', 'yaml'] },
  observability: { rooms: [], packages: ['pino', '@prometheus-io/client'] },
}

const everywhere = new Set(['clock.ts', 'unreachable.ts', 'until-aborted.ts'])

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

function violationOf({ from, target }: Import): string | undefined {
  const [, room = ''] = from.split('/')
  if (room.endsWith('.ts') || room === 'roles') return undefined // composition roots choose; the leaves below import nothing of ours
  const allowed = rooms[room]
  if (allowed === undefined) return `${from}: the room "${room}" is not in the matrix`
  if (target.startsWith('node:')) return undefined
  if (!target.startsWith('.')) {
    return allowed.packages.includes(packageOf(target)) ? undefined : `${from}: package ${target}`
  }
  const path = normalize(join(dirname(from), target)).replace(/^src\//, '')
  const [targetRoom = ''] = path.split('/')
  if (everywhere.has(path) || targetRoom === room) return undefined
  const whole = allowed.rooms.includes(targetRoom)
  const single = allowed.rooms.includes(path.replace(/\.ts$/, ''))
  return whole || single ? undefined : `${from}: ${path}`
}

const files = globSync('src/**/*.ts').toSorted()

test('every import stays inside what its room may know', () => {
  const violations = files
    .flatMap(importsOf)
    .map(violationOf)
    .filter((found) => found !== undefined)
  assert.deepEqual(violations, [])
})

test('the environment is read in config and main only', () => {
  const readers = files.filter((file) => readFileSync(file, 'utf8').includes('process.env'))
  assert.deepEqual(
    readers.filter((file) => !file.startsWith('src/config/') && file !== 'src/main.ts'),
    [],
  )
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
