import type { ActionRequest, Selection } from '../../contract/page/actions.ts'

type Targets = Extract<ActionRequest, { action: 'replay' }>['targets']

/** The command line that does what was asked for, for a person to learn or to paste. Pure. */
export function commandLine(request: ActionRequest): string {
  const { action } = request
  switch (request.action) {
    case 'ping':
      return `gwh ping ${request.namespace}/${request.name}`
    case 'send':
      return ['gwh send', `${request.namespace}/${request.name}`, ...flag('type', request.type)].join(' ')
    case 'rotate':
      return [
        `gwh rotate ${request.namespace}/${request.name}`,
        ...flag('revoke-previous', request.revokePrevious),
      ].join(' ')
    case 'backfill':
      return [`gwh backfill ${request.namespace}/${request.name}`, ...flag('since', request.since)].join(' ')
    case 'replay':
    case 'retry':
      return [`gwh ${action}`, ...words(request.targets)].join(' ')
    case 'drain':
      return [`gwh drain ${request.pod}`, ...flag('to', request.to)].join(' ')
  }
}

function words(targets: Targets): string[] {
  if ('ids' in targets) return targets.ids.map(quoted)
  return 'all' in targets ? ['--all'] : selectionFlags(targets.selection)
}

function selectionFlags({ namespace, name, eventId, ...others }: Selection): string[] {
  return [
    ...flag('webhook', namespace === undefined ? undefined : `${namespace}/${name}`),
    ...flag('event-id', eventId),
    ...Object.entries(others).flatMap(([field, value]) => flag(field, value)),
  ]
}

function flag(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`--${name}=${quoted(value)}`]
}

/** For a shell, where it needs it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
