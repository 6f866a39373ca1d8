import type { GeminiWebhookManifest } from '../../../api/gemini-webhook.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../../api/kind.ts'
import { knownEventTypes } from '../../../api/names.ts'
import type { ActionDone } from '../../../contract/playground/answers.ts'
import { RefusedAction } from './refused-action.ts'
import type { Surroundings } from './surroundings.ts'

export type Sample = 'registered' | 'dynamic'

const namespace = 'default'
const sinks: GeminiWebhookManifest['spec']['sinks'] = [
  { name: 'worker', service: { name: 'batch-worker', port: 80, path: '/events' } },
  { name: 'cluster', kubernetesEvent: {} },
]
const apiKeySecretRef = { name: 'gemini-api-key' }

/** What a newcomer would write first: an object for everything that happens in the project, and one for single jobs. */
const samples: Readonly<Record<Sample, { name: string; spec: GeminiWebhookManifest['spec'] }>> = {
  registered: { name: 'all-events', spec: { apiKeySecretRef, events: [...knownEventTypes], sinks } },
  dynamic: { name: 'single-jobs', spec: { apiKeySecretRef, dynamic: {}, sinks } },
}

/** Which sample an object is; undefined: none. */
export function sampleOf(key: { namespace: string; name: string }): Sample | undefined {
  if (key.namespace !== namespace) return undefined
  return (['registered', 'dynamic'] as const).find((sample) => samples[sample].name === key.name)
}

export async function createSample(sample: Sample, { client }: Surroundings): Promise<ActionDone> {
  const { name, spec } = samples[sample]
  const key = { namespace, name }
  if ((await client.get(geminiWebhookKind, key)) !== undefined)
    throw new RefusedAction(`${kindName} ${namespace}/${name}: exists already; delete it first`)
  await client.create(geminiWebhookKind, Object.assign({ apiVersion, kind: kindName, metadata: key }, { spec }))
  const says =
    sample === 'registered'
      ? `${namespace}/${name} is created for all types of events: see how it is registered at Google, proven by a ping, and Ready.`
      : `${namespace}/${name} is created for single jobs: see how its endpoint is published in a Secret; nothing is registered at Google.`
  return { says, look: { at: 'webhook', namespace, name } }
}

export async function deleteSample(sample: Sample, { client }: Surroundings): Promise<ActionDone> {
  const { name } = samples[sample]
  const key = { namespace, name }
  if ((await client.get(geminiWebhookKind, key)) === undefined)
    throw new RefusedAction(`${kindName} ${namespace}/${name}: does not exist; create it first`)
  await client.delete(geminiWebhookKind, key)
  return {
    says: `${namespace}/${name} is deleted: see it go, with its webhook at Google and its Secret.`,
    look: { at: 'overview' },
  }
}
