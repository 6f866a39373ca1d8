interface NamedKey {
  readonly namespace?: string
  readonly name: string
}

/** NAME or NAMESPACE/NAME as people write it; throws with what to write instead. */
export function keyIn(text: string): NamedKey {
  const key = plainKeyIn(text)
  if (key !== undefined) return key
  if (routeIn(text) !== undefined) throw routeNotMeant(text)
  throw new Error(`${quoted(text)} is neither NAME nor NAMESPACE/NAME, such as batch-events or ml/batch-events`)
}

/** For a command that is about webhooks or Secrets alone. */
export function routeNotMeant(text: string): Error {
  return new Error(
    `${quoted(text)} names a GeminiRoute, which cannot be meant here: give NAME or NAMESPACE/NAME of the webhook`,
  )
}

function plainKeyIn(text: string): NamedKey | undefined {
  const [, namespace, name] = /^(?:([a-z0-9-]{1,63})\/)?([a-z0-9.-]{1,253})$/.exec(text) ?? []
  if (name === undefined) return undefined
  return namespace === undefined ? { name } : { namespace, name }
}

function routeIn(text: string): NamedKey | undefined {
  const [, namespace = '', name] = /^([^/]*\/)?groute\/([^/]+)$/.exec(text) ?? []
  return name === undefined ? undefined : plainKeyIn(`${namespace}${name}`)
}

function quoted(text: string): string {
  return `"${text.slice(0, 80)}"`
}

/**
 * That of a GeminiWebhook, or that of a GeminiRoute, which stands behind `groute/`: groute/NAME or
 * NAMESPACE/groute/NAME. A webhook of a namespace that is called groute is named by `-n groute NAME`.
 */
export function webhookOrRouteIn(text: string): NamedKey & { readonly isRoute: boolean } {
  const route = routeIn(text)
  if (route !== undefined) return { ...route, isRoute: true }
  const webhook = plainKeyIn(text)
  if (webhook !== undefined) return { ...webhook, isRoute: false }
  throw new Error(
    `${quoted(text)} is neither NAME nor NAMESPACE/NAME of a GeminiWebhook, such as ml/batch-events, nor groute/NAME or NAMESPACE/groute/NAME of a GeminiRoute`,
  )
}
