interface NamedKey {
  readonly namespace?: string
  readonly name: string
}

/** NAME or NAMESPACE/NAME as people write it; throws with what to write instead. */
export function keyIn(text: string): NamedKey {
  const [, namespace, name] = /^(?:([a-z0-9-]{1,63})\/)?([a-z0-9.-]{1,253})$/.exec(text) ?? []
  if (name !== undefined) return namespace === undefined ? { name } : { namespace, name }
  throw new Error(`"${text.slice(0, 80)}" is neither NAME nor NAMESPACE/NAME, such as batch-events or ml/batch-events`)
}

/**
 * That of a GeminiWebhook, or that of a GeminiRoute, which stands behind `groute/`: groute/NAME or
 * NAMESPACE/groute/NAME. A webhook of a namespace that is called groute is named by `-n groute NAME`.
 */
export function webhookOrRouteIn(text: string): NamedKey & { readonly isRoute: boolean } {
  const route = /^([^/]*\/)?groute\/([^/]+)$/.exec(text)
  if (route === null) return { ...keyIn(text), isRoute: false }
  const [, namespace = '', name] = route
  return { ...keyIn(`${namespace}${name}`), isRoute: true }
}
