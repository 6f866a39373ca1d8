import { keepDeliveredMsOf } from '../../api/defaults.ts'
import type { ObjectDelivery } from '../../api/object-delivery.ts'
import type { SinkRef, SinkSpec } from '../../api/sink.ts'
import { readAddressable, refKeyOf } from '../sinks/addressable.ts'
import type { WebhookContext } from './context.ts'
import { lookUpServices } from './look-up-services.ts'
import { resolveSinks } from '../sinks/resolve-sinks.ts'
import type { SinkResolution } from '../facts/sink-resolution.ts'
import { boundCredentials, credentialsOf } from '../sinks/sink-credentials.ts'
import { suspensionsFor } from '../sinks/suspensions.ts'

/** What has sinks: a webhook, or a route. */
interface SinkOwner {
  metadata: { namespace: string; uid: string }
  spec: { sinks?: readonly SinkSpec[] | undefined; delivery?: ObjectDelivery | undefined }
}

/** Reads what the sinks refer to and resolves them. */
export async function lookUpSinks(
  { metadata, spec }: SinkOwner,
  ctx: Pick<WebhookContext, 'client' | 'clock' | 'secrets' | 'config' | 'keyring' | 'areServicesWatched'>,
): Promise<SinkResolution> {
  const sinks = spec.sinks ?? []
  const keepDeliveredMs = keepDeliveredMsOf(spec)
  const { namespace } = metadata
  const { client, config } = ctx
  const credentials = await readAll(credentialsOf(sinks), async (name) =>
    boundCredentials(await ctx.secrets.read({ namespace, name })),
  )
  const refs = new Map(refsOf(sinks).map((ref) => [refKeyOf(ref), ref]))
  const addressables = new Map(
    await Promise.all(
      [...refs].map(
        async ([key, ref]) =>
          [key, await readAddressable(ref, namespace, { client, listed: config.addressableKinds })] as const,
      ),
    ),
  )
  const services = await lookUpServices(sinks, addressables.values(), { client, config, namespace })
  const { sinks: known = [], suspensions: told = [] } = ctx.keyring.entryOf(metadata.uid) ?? {}
  const {
    clusterDomain,
    natsSinkPrefix: natsPrefix,
    kafkaSinkPrefix: kafkaPrefix,
    allowForeignEndpoints: allowForeign,
    addressableNamespaces,
  } = config
  const suspensions = suspensionsFor(sinks, told, ctx.clock.now())
  const resolution = resolveSinks(sinks, {
    namespace,
    clusterDomain,
    natsPrefix,
    kafkaPrefix,
    allowForeign,
    addressableNamespaces,
    services,
    areServicesWatched: ctx.areServicesWatched(),
    credentials,
    addressables,
    known,
    ...(keepDeliveredMs !== undefined && { keepDeliveredMs }),
  })
  return { ...resolution, ...(suspensions.length > 0 && { suspensions }) }
}

function refsOf(sinks: readonly SinkSpec[]): SinkRef[] {
  return sinks.flatMap(({ ref, deadLetter }) => [ref, deadLetter?.ref]).filter((ref) => ref !== undefined)
}

async function readAll<T>(names: string[], read: (name: string) => Promise<T>): Promise<Map<string, T>> {
  return new Map(await Promise.all([...new Set(names)].map(async (name) => [name, await read(name)] as const)))
}
