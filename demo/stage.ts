import { readFileSync } from 'node:fs'
import { request } from 'undici'
import { parse } from 'yaml'

import type { GeminiWebhook } from '../src/api/gemini-webhook.ts'
import { geminiWebhookKind } from '../src/api/kind.ts'
import { signingSecretKeys } from '../src/api/names.ts'
import type { GeminiWebhookStatus } from '../src/api/status.ts'
import { systemClock } from '../src/clock.ts'
import type { KubernetesObject, ResourceKind } from '../src/kubernetes/client.ts'
import type { Sandbox } from '../src/roles/sandbox/start.ts'
import { signatureHeader } from '../src/signature/sign.ts'
import { decodeSigningSecret } from '../src/signature/signing-secret.ts'
import type { ChatWebhook } from '../playground/chat-webhook.ts'
import type { Narrator } from './narrator.ts'

export const sample = 'deploy/samples/worker-and-events.yaml'
export const webhookKey = { namespace: 'default', name: 'batch-events' }
export const secretName = 'batch-events-signing-secret'
export const secretKind: ResourceKind = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
}
export const eventKind: ResourceKind = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
}

export interface Stage {
  sandbox: Sandbox
  /** Where the team reads messages: what refuses all that is no message. */
  chat: ChatWebhook
  narrator: Narrator
}

const patienceMs = 30_000
const pollMs = 20

/** Waits until `probe` has something to show; the demo fails, and says for what it waited, when it never has. */
export async function waitFor<T>(what: string, probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadlineMs = systemClock.monotonic() + patienceMs
  for (;;) {
    const value = await probe()
    if (value !== undefined) return value
    if (systemClock.monotonic() > deadlineMs) throw new Error(`waited ${patienceMs / 1000} s in vain for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

export function readManifest(): GeminiWebhook {
  return parse(readFileSync(new URL(`../${sample}`, import.meta.url), 'utf8')) as GeminiWebhook
}

export function readWebhook({ sandbox }: Stage): Promise<GeminiWebhook | undefined> {
  return sandbox.kubernetes.client.get<GeminiWebhook>(geminiWebhookKind, webhookKey)
}

/** The status once it fits. */
export function statusWhen(stage: Stage, what: string, fits: (status: GeminiWebhookStatus) => boolean) {
  return waitFor(what, async () => {
    const status = (await readWebhook(stage))?.status
    return status !== undefined && fits(status) ? status : undefined
  })
}

export function hasCondition({ conditions = [] }: GeminiWebhookStatus, type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True')
}

/** The signing secrets in the Secret, newest first; undefined while there is no such Secret. */
export async function readSigningSecrets({ sandbox }: Stage): Promise<string[] | undefined> {
  const secret = await sandbox.kubernetes.client.get<KubernetesObject & { data?: Record<string, string> }>(secretKind, {
    namespace: webhookKey.namespace,
    name: secretName,
  })
  const all = secret?.data?.[signingSecretKeys.all]
  return all === undefined ? undefined : Buffer.from(all, 'base64').toString().split(' ')
}

/** All but the last four characters hidden, as Google shows it. */
export function hintOf(secret: string): string {
  return `whsec_...${secret.slice(-4)}`
}

interface Forgery {
  id: string
  secret: string
  /** Seconds that the request claims to be old. */
  ageSeconds?: number
}

/** One delivery by another hand than Google's; the status it was answered with. */
export async function post({ sandbox }: Stage, { id, secret, ageSeconds = 0 }: Forgery): Promise<number> {
  const decoded = decodeSigningSecret(secret)
  if (!decoded.ok) throw new Error(`the demo's secret ${decoded.problem}`)
  const nowMs = systemClock.now()
  const body = Buffer.from(
    JSON.stringify({ type: 'batch.succeeded', version: 'v1', timestamp: new Date(nowMs).toISOString(), data: { id } }),
  )
  const timestamp = String(Math.floor(nowMs / 1000) - ageSeconds)
  const answer = await request(`${sandbox.receiver.url}/v1/s/${webhookKey.namespace}/${webhookKey.name}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatureHeader({ id, timestamp }, body, [decoded.value]),
    },
    body,
  })
  await answer.body.dump()
  return answer.statusCode
}

/** What the worker has of this event. */
export function receivedBy({ sandbox }: Stage, id: string) {
  return sandbox.worker.events.filter((event) => event.id === id)
}

/** Says what was seen, and fails the demo when it is not what the operator promises. */
export function expectSeen(narrator: Narrator, what: string, holds: boolean): void {
  if (!holds) throw new Error(`not as promised: ${what}`)
  narrator.saw(what)
}
