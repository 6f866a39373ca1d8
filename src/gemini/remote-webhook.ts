import * as z from 'zod'

import { isRecord } from '../is-record.ts'
import { toSnakeCase } from './snake-case.ts'
import { unknownWebhookFields } from './unknown-in-answer.ts'
import type { RemoteSecret, RemoteWebhook } from './webhook-service.ts'

/** Whichever of its two ways of writing names Google uses. */
const answered = <T extends z.ZodType>(schema: T) => z.preprocess(toSnakeCase, schema)

const secretSchema = answered(z.object({ truncated_secret: z.string().nullish(), expire_time: z.string().nullish() }))

/** As many as status has room for. */
const maxStateCharacters = 64

/** The service leaves out what is empty and may send null; only the id is indispensable. */
const webhookSchema = answered(
  z.looseObject({
    id: z.string().min(1),
    name: z.string().nullish(),
    uri: z.string().nullish(),
    subscribed_events: z.array(z.string()).nullish(),
    state: z.string().nullish(),
    signing_secrets: z.array(secretSchema).nullish(),
  }),
)

const listSchema = answered(
  z.object({ webhooks: z.array(webhookSchema).nullish(), next_page_token: z.string().nullish() }),
)
const createdSchema = answered(z.object({ new_signing_secret: z.string().min(1) }))
const rotatedSchema = answered(z.object({ secret: z.string().min(1) }))

function toRemoteSecret({ truncated_secret, expire_time }: z.infer<typeof secretSchema>): RemoteSecret {
  const truncatedSecret = truncated_secret ?? ''
  return typeof expire_time === 'string' ? { truncatedSecret, expireTime: expire_time } : { truncatedSecret }
}

function toRemoteWebhook(wire: z.infer<typeof webhookSchema>): RemoteWebhook {
  const { id, name, uri, subscribed_events, state, signing_secrets } = wire
  return {
    id,
    ...(typeof name === 'string' && { name }),
    uri: uri ?? '',
    subscribedEvents: subscribed_events ?? [],
    state: (state ?? '').slice(0, maxStateCharacters),
    signingSecrets: (signing_secrets ?? []).map(toRemoteSecret),
    ...(unknownWebhookFields(wire).length > 0 && { hasUnknownFields: true as const }),
  }
}

/**
 * Each reader gives undefined for an answer that is not what the API promises; what it held is not repeated, since it
 * may hold a secret.
 */
export function readWebhook(answer: unknown): RemoteWebhook | undefined {
  const parsed = webhookSchema.safeParse(answer)
  return parsed.success ? toRemoteWebhook(parsed.data) : undefined
}

export function readPage(answer: unknown): { webhooks: RemoteWebhook[]; nextPageToken: string } | undefined {
  const parsed = listSchema.safeParse(answer)
  if (!parsed.success) return undefined
  return {
    webhooks: (parsed.data.webhooks ?? []).map(toRemoteWebhook),
    nextPageToken: parsed.data.next_page_token ?? '',
  }
}

export function readCreated(answer: unknown): { webhook: RemoteWebhook; signingSecret: string } | undefined {
  const webhook = readWebhook(answer)
  const secret = createdSchema.safeParse(answer)
  const signingSecret = secret.success ? secret.data.new_signing_secret : onlySecretIn(answer)
  return webhook !== undefined && signingSecret !== undefined ? { webhook, signingSecret } : undefined
}

export function readRotatedSecret(answer: unknown): string | undefined {
  const parsed = rotatedSchema.safeParse(answer)
  return parsed.success ? parsed.data.secret : onlySecretIn(answer)
}

/**
 * A secret that is answered under another name than it was: the one text whose name says that it is a secret. It is
 * shown this once, and reading it under a guessed name spares another rotation; a wrong guess does not fit the hint
 * that the service shows afterwards, and is repaired as any lost secret is.
 */
function onlySecretIn(answer: unknown): string | undefined {
  if (!isRecord(answer)) return undefined
  const found = Object.entries(answer).flatMap(([name, value]) =>
    /secret$/i.test(name) && typeof value === 'string' && /^[\x21-\x7e]{16,512}$/.test(value) && !value.includes('...')
      ? [value]
      : [],
  )
  return found.length === 1 ? found[0] : undefined
}
