import { randomBytes, randomUUID } from 'node:crypto'

import { geminiWebhookKind } from '../src/api/kind.ts'
import { sinkCredentialsSecretType } from '../src/api/names.ts'
import type { KubernetesObject } from '../src/kubernetes/client.ts'
import {
  eventKind,
  expectSeen,
  hasCondition,
  hintOf,
  post,
  readManifest,
  readSigningSecrets,
  readWebhook,
  receivedBy,
  sample,
  secretKind,
  secretName,
  statusWhen,
  waitFor,
  webhookKey,
  type Stage,
} from './stage.ts'

interface ClusterEvent extends KubernetesObject {
  reason?: string
  note?: string
  regarding?: { name?: string }
}

export async function applySample({ sandbox }: Stage): Promise<void> {
  const manifest = readManifest()
  await sandbox.kubernetes.client.create(geminiWebhookKind, {
    ...manifest,
    metadata: { ...manifest.metadata, namespace: webhookKey.namespace },
  })
}

export async function register(stage: Stage): Promise<void> {
  const { narrator } = stage
  narrator.chapter('An object becomes a webhook that is proven to work')
  narrator.does(`kubectl apply -f ${sample}`)
  await applySample(stage)
  const { webhook } = await statusWhen(stage, 'Registered', (status) => hasCondition(status, 'Registered'))
  narrator.saw(`Registered         webhook ${webhook?.id ?? ''} -> ${webhook?.uri ?? ''}`)
  const { signingSecret } = await statusWhen(stage, 'SecretAvailable', (status) =>
    hasCondition(status, 'SecretAvailable'),
  )
  narrator.saw(`SecretAvailable    Secret ${secretName} holds ${signingSecret?.hint ?? ''}, shown by Google this once`)
  await statusWhen(stage, 'EndpointVerified', (status) => hasCondition(status, 'EndpointVerified'))
  narrator.saw('EndpointVerified   a signed ping from the service came back through the endpoint')
  await statusWhen(stage, 'Ready', (status) => hasCondition(status, 'Ready'))
  narrator.saw('Ready')
}

export async function finishBatch(stage: Stage): Promise<void> {
  const { sandbox, narrator } = stage
  narrator.chapter('A batch finishes: verified, stored, delivered')
  const job = sandbox.simulator.admin.createJob({ project: 'sandbox', type: 'batch', displayName: 'nightly' })
  const [deliveryId] = sandbox.simulator.admin.finishJob(job.id, 'succeeded').deliveryIds
  const sent = await waitFor('an answer to the delivery', () =>
    sandbox.simulator.admin.deliveries().find((delivery) => delivery.deliveryId === deliveryId && isAnswered(delivery)),
  )
  const id = sent.eventId
  narrator.saw(`the service sent   ${id} about batch ${job.id}`)
  const status = sent.attempts[0]?.status
  expectSeen(
    narrator,
    `the receiver       verified it, stored it on disk and answered ${String(status)}`,
    status === 204,
  )
  const [event] = await waitFor('the event at the worker', () => nonEmpty(receivedBy(stage, id)))
  narrator.saw(`the worker got     CloudEvent ${event?.type ?? ''}, subject ${event?.subject ?? ''}`)
  const shown = await clusterEvent(stage, 'BatchSucceeded')
  narrator.saw(`kubectl describe   ${shown.reason ?? ''}: ${shown.note ?? ''}`)
}

export async function writeToChat(stage: Stage): Promise<void> {
  const { sandbox, narrator, chat } = stage
  narrator.chapter("The team's chat hears of it, without a program in between")
  const url = `http://127.0.0.1:${chat.port}${chat.path}`
  narrator.does(
    'kubectl create secret generic chat --type=webhooks.gemini-operator.io/sink-credentials --from-literal=url=...',
  )
  const secret = {
    metadata: { namespace: webhookKey.namespace, name: 'chat' },
    type: sinkCredentialsSecretType,
    stringData: { url },
  }
  await sandbox.kubernetes.client.create(secretKind, secret)
  const sink = {
    name: 'chat',
    uriSecretRef: { name: 'chat', key: 'url' },
    transform: { body: `{"text": "Batch " + event.data.id + ": " + event.type}` },
  }
  narrator.does(
    `kubectl patch gwh ${webhookKey.name} --type=merge -p '{"spec":{"sinks":[..., ${JSON.stringify(sink)}]}}'`,
  )
  const sinks = [...(readManifest().spec.sinks ?? []), sink]
  await sandbox.kubernetes.client.patch(geminiWebhookKind, webhookKey, { spec: { sinks } }, { type: 'merge' })
  const { sinks: shown = [] } = await statusWhen(stage, 'the sink of the chat', (status) =>
    (status.sinks ?? []).some(({ name, ready }) => name === sink.name && ready),
  )
  const address = shown.find(({ name }) => name === sink.name)?.address ?? ''
  expectSeen(
    narrator,
    `status.sinks       chat at ${address}: the rest of the URL is a secret`,
    !address.includes(chat.path),
  )
  const job = sandbox.simulator.admin.createJob({ project: 'sandbox', type: 'batch', displayName: 'nightly' })
  sandbox.simulator.admin.finishJob(job.id, 'succeeded')
  const [text] = await waitFor('the message in the chat', () => nonEmpty(chat.texts))
  narrator.saw(`the chat got       {"text":"${text ?? ''}"}`)
}

export async function refuse(stage: Stage): Promise<void> {
  const { narrator } = stage
  narrator.chapter('What is not genuine, not fresh or not new')
  const [secret = ''] = (await readSigningSecrets(stage)) ?? []
  const forged = { id: `msg_${randomUUID()}`, secret: `whsec_${randomBytes(24).toString('base64')}` }
  expectAnswer(stage, 'forged             signed with another secret', await post(stage, forged), 401)
  const stale = { id: `msg_${randomUUID()}`, secret, ageSeconds: 600 }
  expectAnswer(stage, 'stale              genuine, but ten minutes old', await post(stage, stale), 401)
  const twice = { id: `msg_${randomUUID()}`, secret }
  expectAnswer(stage, 'first              genuine and fresh', await post(stage, twice), 204)
  expectAnswer(stage, 'replayed           the same once more', await post(stage, twice), 204)
  await waitFor('the event at the worker', () => nonEmpty(receivedBy(stage, twice.id)))
  const [forgedSeen, staleSeen, twiceSeen] = [forged, stale, twice].map(({ id }) => receivedBy(stage, id).length)
  expectSeen(
    narrator,
    `the worker got     ${forgedSeen} of the forged, ${staleSeen} of the stale, ${twiceSeen} of the replayed`,
    forgedSeen === 0 && staleSeen === 0 && twiceSeen === 1,
  )
}

export async function repairSecret(stage: Stage): Promise<void> {
  const { sandbox, narrator } = stage
  narrator.chapter('Somebody deletes the Secret, which Google never shows again')
  const before = (await readSigningSecrets(stage)) ?? []
  narrator.does(`kubectl delete secret ${secretName}`)
  await sandbox.kubernetes.client.delete(secretKind, { namespace: webhookKey.namespace, name: secretName })
  const after = await waitFor('the Secret', () => readSigningSecrets(stage))
  const rotations = sandbox.simulator.admin.calls().counts.rotateSigningSecret.received
  expectSeen(
    narrator,
    `the Secret is back ${hintOf(after[0] ?? '')}, the same as before, from the keyring; rotations at the service: ${rotations}`,
    after[0] === before[0] && rotations === 0,
  )
  narrator.saw(`kubectl describe   SecretRepaired: ${(await clusterEvent(stage, 'SecretRepaired')).note ?? ''}`)
}

export async function rotate(stage: Stage): Promise<void> {
  const { sandbox, narrator } = stage
  narrator.chapter('Rotation is a line in Git')
  const [old = ''] = (await readSigningSecrets(stage)) ?? []
  const rotation = { request: { id: 'demo-leak' } }
  narrator.does(`kubectl patch gwh ${webhookKey.name} --type=merge -p '${JSON.stringify({ spec: { rotation } })}'`)
  await sandbox.kubernetes.client.patch(geminiWebhookKind, webhookKey, { spec: { rotation } }, { type: 'merge' })
  const status = await statusWhen(
    stage,
    'the rotation',
    ({ operation, rotation: done }) =>
      operation === undefined && done?.handledRequestIDs?.includes(rotation.request.id) === true,
  )
  const secrets = await waitFor('both secrets in the Secret', async () => {
    const held = await readSigningSecrets(stage)
    return held?.length === 2 ? held : undefined
  })
  narrator.saw(
    `the Secret holds   ${secrets.map(hintOf).join(' and ')}; the old one until ${status.signingSecret?.previousExpireTime ?? ''}`,
  )
  const id = `msg_${randomUUID()}`
  expectAnswer(stage, 'inside the overlap signed with the old secret', await post(stage, { id, secret: old }), 204)
  await waitFor('the event at the worker', () => nonEmpty(receivedBy(stage, id)))
  narrator.saw('the worker got     it: a rotation refuses no genuine delivery')
}

export async function breakWorker(stage: Stage): Promise<void> {
  const { sandbox, narrator } = stage
  narrator.chapter('A broken worker loses nothing')
  sandbox.worker.refuseWith(400)
  const failed = { project: 'sandbox', type: 'batch.failed', data: { id: 'batches/broken' } }
  const [deliveryId] = sandbox.simulator.admin.emit(failed)
  const id = sandbox.simulator.admin.deliveries().find((sent) => sent.deliveryId === deliveryId)?.eventId ?? ''
  const dead = await waitFor('the dead letter', async () => {
    const found = await sandbox.receiver.inbox.deadLetters({ eventId: id, sink: 'worker', limit: 1 })
    return found.deadLetters[0]
  })
  narrator.saw(
    `dead letter        the worker answered 400, so ${id} is kept: ${dead.reason} after ${dead.attempts} attempt`,
  )
  sandbox.worker.refuseWith(undefined)
  await sandbox.receiver.replay(dead.deliveryId)
  const [event] = await waitFor('the replayed event', () => nonEmpty(receivedBy(stage, id)))
  narrator.saw(`replayed           the mended worker got ${event?.type ?? ''} with the same id`)
}

export async function remove(stage: Stage): Promise<void> {
  const { sandbox, narrator } = stage
  narrator.chapter('Deleted is deleted')
  narrator.does(`kubectl delete -f ${sample}`)
  await sandbox.kubernetes.client.delete(geminiWebhookKind, webhookKey)
  await waitFor('the object to go', async () => ((await readWebhook(stage)) === undefined ? true : undefined))
  const left = sandbox.simulator.admin.webhooks().length
  const secret = await readSigningSecrets(stage)
  expectSeen(
    narrator,
    `at the service     ${left} webhooks are left; the Secret is gone too`,
    left === 0 && secret === undefined,
  )
}

function expectAnswer({ narrator }: Stage, what: string, status: number, promised: number): void {
  expectSeen(narrator, `${what}: ${status}`, status === promised)
}

function clusterEvent({ sandbox }: Stage, reason: string): Promise<ClusterEvent> {
  return waitFor(`the Kubernetes Event ${reason}`, async () => {
    const { items } = await sandbox.kubernetes.client.list<ClusterEvent>(eventKind, { namespace: webhookKey.namespace })
    return items.find((event) => event.reason === reason && event.regarding?.name === webhookKey.name)
  })
}

function isAnswered({ attempts }: { attempts: readonly { status?: number }[] }): boolean {
  return attempts.some(({ status }) => status !== undefined)
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined
}
