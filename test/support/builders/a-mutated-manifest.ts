import type { GeminiRouteManifest } from '../../../src/api/gemini-route.ts'
import type { GeminiWebhookManifest } from '../../../src/api/gemini-webhook.ts'
import { mulberry32 } from './seeded-random.ts'
import { validResources, validRoutes, type ValidResource } from './resource-fixtures.ts'

/** Values that are near the edge of some field's rule: put anywhere, they are valid in one place and not in another. */
const values: readonly unknown[] = [
  '', 'a', 'A', 'a.b', 'batch.succeeded', 'x'.repeat(64), 'x'.repeat(254), '-a', 'a-',
  '48h', '47h59m59s', '0s', '1h1m1s1s', '5m', '169h', '2h30',
  'https://h.example.com/x', 'https://h.example.com/x#y', 'https://u@h.example.com/', 'http://h.example.com', 'https://h.example.com:99999', 'https://h/%23',
  'Enabled', 'Delete', 'AdoptOnly', 'TakeOver', 'Never', 'https', 'v1', 'apps/v1', 'Broker', 'Selector', 'Names', 'In', 'Exists',
  0, 1, -1, 65_535, 65_536, 1.5, true, false,
  [], ['batch.failed'], ['batch.failed', 'batch.failed'], ['a'], {}, { name: 'a' }, { url: 'https://h.example.com' }, { a: 'b' },
] // prettier-ignore

/**
 * A valid manifest with one to three of its fields removed or replaced; the same for the same seed, so that a failing
 * case can be repeated.
 */
export const aMutatedManifest = (seed: number) => mutated(seed, validResources())
export const aMutatedRoute = (seed: number) => mutated(seed, validRoutes())

function mutated<T extends GeminiWebhookManifest | GeminiRouteManifest>(seed: number, from: ValidResource<T>[]): T {
  const random = mulberry32(seed)
  const next = (limit: number) => Math.floor(random() * limit)
  const bases = from.filter(({ manifest }) => manifest.metadata.name.length < 60)
  const manifest = structuredClone(bases[next(bases.length)]?.manifest)
  if (manifest === undefined) throw new Error('there are no valid fixtures to start from')
  const mutations = 1 + next(3)
  for (let count = 0; count < mutations; count += 1) mutateOnce(manifest.spec, next)
  return manifest
}

type Container = Record<string, unknown> | unknown[]

function mutateOnce(spec: object, next: (limit: number) => number): void {
  const containers = containersIn(spec)
  const container = containers[next(containers.length)]
  if (container === undefined) return
  const keys = Object.keys(container)
  const key = keys[next(keys.length)]
  if (key === undefined) return
  const value = structuredClone(anyOf(next(5) === 0 ? values : values.filter(likeThatOf(container, key)), next))
  if (Array.isArray(container)) container.splice(Number(key), 1, ...(next(3) === 0 ? [] : [value]))
  else if (next(3) === 0) Reflect.deleteProperty(container, key)
  else container[key] = value
}

/** Mostly the same kind of value is put in its place: a wrong type is the dullest mistake and hides all others. */
function likeThatOf(container: Container, key: string): (value: unknown) => boolean {
  const current: unknown = Object.getOwnPropertyDescriptor(container, key)?.value
  return (value) => typeof value === typeof current && Array.isArray(value) === Array.isArray(current)
}

function anyOf(candidates: readonly unknown[], next: (limit: number) => number): unknown {
  return candidates[next(Math.max(candidates.length, 1))]
}

function containersIn(value: unknown): Container[] {
  if (typeof value !== 'object' || value === null) return []
  return [value as Container, ...Object.values(value).flatMap(containersIn)]
}
