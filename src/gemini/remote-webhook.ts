import * as z from 'zod'

import type { RemoteSecret, RemoteWebhook } from './webhook-service.ts'

const secretSchema = z.object({ truncated_secret: z.string().nullish(), expire_time: z.string().nullish() })

/** The service leaves out what is empty and may send null; only the id is indispensable. */
const webhookSchema = z.object({
  id: z.string().min(1),
  name: z.string().nullish(),
  uri: z.string().nullish(),
  subscribed_events: z.array(z.string()).nullish(),
  state: z.string().nullish(),
  signing_secrets: z.array(secretSchema).nullish(),
})

const listSchema = z.object({ webhooks: z.array(webhookSchema).nullish(), next_page_token: z.string().nullish() })
const createdSchema = z.object({ new_signing_secret: z.string().min(1) })
const rotatedSchema = z.object({ secret: z.string().min(1) })

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
    state: state ?? '',
    signingSecrets: (signing_secrets ?? []).map(toRemoteSecret),
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
  return webhook !== undefined && secret.success
    ? { webhook, signingSecret: secret.data.new_signing_secret }
    : undefined
}

export function readRotatedSecret(answer: unknown): string | undefined {
  const parsed = rotatedSchema.safeParse(answer)
  return parsed.success ? parsed.data.secret : undefined
}
