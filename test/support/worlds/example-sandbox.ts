import { readFileSync } from 'node:fs'

import { parseAllDocuments } from 'yaml'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { geminiWebhookKind, kindName } from '../../../src/api/kind.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import type { KubernetesObject } from '../../../src/kubernetes/client.ts'
import { serviceKind } from '../../../src/roles/sandbox/route-services.ts'
import { startSandbox, type Sandbox } from '../../../src/roles/sandbox/start.ts'
import { roleDeps } from '../builders/role-deps.ts'
import { eventually } from '../measures/eventually.ts'

const namespace = 'default'
const credentialsType = 'webhooks.gemini-operator.io/sink-credentials'

/**
 * As in a sandbox of a user. Faster still, a busy machine misses the three pings that prove an endpoint, and the next
 * are seconds away.
 */
const speed = 20

/** The whole operator with a cluster and a Google around it, for an example to be applied to. */
export function startExampleSandbox(): Promise<Sandbox> {
  const ports = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  return startSandbox({ host: '127.0.0.1', ...ports, dataDir: undefined, keep: false, speed }, roleDeps().deps)
}

/** What is in the manifest, in its order. */
export function objectsIn(path: string): KubernetesObject[] {
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as KubernetesObject)
}

/** Creates the GeminiWebhooks of the manifests, as they stand there, and waits until each is Ready. */
export async function applyWebhooks(sandbox: Sandbox, ...paths: readonly string[]): Promise<void> {
  const webhooks = paths.flatMap(objectsIn).filter(({ kind }) => kind === kindName)
  await Promise.all(webhooks.map((webhook) => applyWebhook(sandbox, webhook)))
}

async function applyWebhook({ kubernetes: { client } }: Sandbox, webhook: KubernetesObject): Promise<void> {
  const key = { namespace, name: webhook.metadata.name }
  await client.create(geminiWebhookKind, { ...webhook, metadata: { ...webhook.metadata, namespace } })
  await eventually(`${key.name} is Ready`, async () => {
    const { status } = (await client.get<GeminiWebhook>(geminiWebhookKind, key)) ?? {}
    return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')
  })
}

/** Pods behind a Service: in a sandbox they are this machine, and its targetPort is a port here. */
export async function leadServiceTo({ kubernetes: { client } }: Sandbox, name: string, port: number): Promise<void> {
  const spec = { ports: [{ port: 80, targetPort: port }] }
  if ((await client.get(serviceKind, { namespace, name })) === undefined) {
    await client.create(serviceKind, Object.assign({ metadata: { namespace, name } }, { spec }))
  } else await client.patch(serviceKind, { namespace, name }, { spec }, { type: 'merge' })
}

/** A Secret of the type that sinks may use. */
export async function putCredentials(
  { kubernetes: { client } }: Sandbox,
  name: string,
  texts: Record<string, string>,
): Promise<void> {
  const data = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')])
  await client.create<Secret>(secretKind, {
    apiVersion: 'v1',
    kind: 'Secret',
    type: credentialsType,
    metadata: { namespace, name },
    data: Object.fromEntries(data) as Record<string, string>,
  })
}

/** A text in a Secret, once it is there. */
export function secretText({ kubernetes: { client } }: Sandbox, name: string, key: string): Promise<string> {
  return eventually(`${key} in the Secret ${name}`, async () => {
    const secret = await client.get<Secret>(secretKind, { namespace, name })
    return Buffer.from(secret?.data?.[key] ?? '', 'base64').toString()
  })
}

/** Ends a batch at Google; its id, and the id of the event that tells it. */
export function finishBatch({ simulator: { admin } }: Sandbox): { batch: string; eventId: string } {
  const job = admin.createJob({ project: 'sandbox', type: 'batch', displayName: 'nightly' })
  const [deliveryId] = admin.finishJob(job.id, 'succeeded').deliveryIds
  const sent = admin.deliveries().find((delivery) => delivery.deliveryId === deliveryId)
  if (sent === undefined) throw new Error(`nothing was sent about the batch ${job.id}`)
  return { batch: `batches/${job.id}`, eventId: sent.eventId }
}
