interface SelectionConfig {
  readonly webhook: string | undefined
  readonly sink: string | undefined
  readonly eventId: string | undefined
  readonly type?: string | undefined
  readonly reason?: string | undefined
  readonly cause?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
}

/** Fields of the admin API. */
export type Selection = Partial<Record<(typeof fields)[number], string>>

const fields = ['namespace', 'name', 'sink', 'eventId', 'type', 'reason', 'cause', 'since', 'until'] as const

/** The fields of the admin API that the flags of a command mean. */
export function selectionFields(config: SelectionConfig): Selection {
  const [namespace, name] = config.webhook?.split('/') ?? []
  const { sink, eventId, type, reason, cause, since, until } = config
  const fields = { namespace, name, sink, eventId, type, reason, cause, since, until }
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
