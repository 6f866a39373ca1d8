interface SelectionConfig {
  readonly webhook: string | undefined
  readonly sink: string | undefined
  readonly eventId: string | undefined
  readonly type?: string | undefined
  readonly reason?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
}

/** The fields of the admin API that the flags of a command mean. */
export function selectionFields(config: SelectionConfig): Record<string, string> {
  const [namespace, name] = config.webhook?.split('/') ?? []
  const { sink, eventId, type, reason, since, until } = config
  const fields = { namespace, name, sink, eventId, type, reason, since, until }
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
