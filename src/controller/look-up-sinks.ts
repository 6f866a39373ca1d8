import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { SinkRef, SinkSpec } from '../api/sink.ts'
import { readAddressable, refKeyOf } from './addressable.ts'
import type { WebhookContext } from './context.ts'
import { failureOf } from './failure-class.ts'
import { serviceKind, type Service } from './kinds.ts'
import { found, missing, type Lookup } from './lookup.ts'
import { resolveSinks, type SinkResolution } from './resolve-sinks.ts'
import { credentialsOf } from './sink-credentials.ts'

/** Reads what the sinks refer to and resolves them. */
export async function lookUpSinks(
  { metadata, spec }: GeminiWebhook,
  ctx: Pick<WebhookContext, 'client' | 'secrets' | 'config' | 'keyring'>,
): Promise<SinkResolution> {
  const sinks = spec.sinks ?? []
  const { namespace } = metadata
  const services = await readAll(servicesOf(sinks), (name) => readService({ namespace, name }, ctx))
  const credentials = await readAll(credentialsOf(sinks), (name) => ctx.secrets.read({ namespace, name }))
  const { client, config } = ctx
  const refs = new Map(refsOf(sinks).map((ref) => [refKeyOf(ref), ref]))
  const addressables = new Map(
    await Promise.all(
      [...refs].map(
        async ([key, ref]) =>
          [key, await readAddressable(ref, namespace, { client, listed: config.addressableKinds })] as const,
      ),
    ),
  )
  const known = ctx.keyring.entryOf(metadata.uid)?.sinks ?? []
  const { clusterDomain, natsSinkPrefix: natsPrefix } = config
  return resolveSinks(sinks, { namespace, clusterDomain, natsPrefix, services, credentials, addressables, known })
}

function servicesOf(sinks: readonly SinkSpec[]): string[] {
  return sinks.flatMap(({ service, deadLetter }) => [service?.name, deadLetter?.service?.name]).filter(isText)
}

function refsOf(sinks: readonly SinkSpec[]): SinkRef[] {
  return sinks.flatMap(({ ref, deadLetter }) => [ref, deadLetter?.ref]).filter((ref) => ref !== undefined)
}

async function readService(
  key: { namespace: string; name: string },
  { client }: Pick<WebhookContext, 'client'>,
): Promise<Lookup<Service>> {
  try {
    const service = await client.get<Service>(serviceKind, key)
    return service === undefined ? missing : found(service)
  } catch (error) {
    return { state: 'failed', failure: failureOf(error) }
  }
}

async function readAll<T>(names: string[], read: (name: string) => Promise<T>): Promise<Map<string, T>> {
  return new Map(await Promise.all([...new Set(names)].map(async (name) => [name, await read(name)] as const)))
}

function isText(value: string | undefined): value is string {
  return value !== undefined
}
