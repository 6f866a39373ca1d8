import { forbiddenField, notSupported, type FieldError } from './field-error.ts'
import type { FieldValidation } from './decode.ts'
import { StatusError, badRequest, invalid } from './status-error.ts'

export interface ListQuery {
  labelSelector: string
  fieldSelector: string
  /** 0 for no limit. */
  limit: number
  continueToken: string
  /** Empty or a number in decimal. */
  resourceVersion: string
  resourceVersionMatch: string
  isWatch: boolean
  sendInitialEvents: boolean
  allowBookmarks: boolean
  /** Absent: the server chooses. */
  timeoutSeconds: number | undefined
}

/** Reads the query of a list or watch. @throws StatusError 400, 422 or (as a real server does for a watch) 500 */
export function parseListQuery(query: URLSearchParams): ListQuery {
  const text = (name: string) => query.get(name) ?? ''
  const timeout = integer(query, 'timeoutSeconds')
  const parsed: ListQuery = {
    labelSelector: text('labelSelector'),
    fieldSelector: text('fieldSelector'),
    limit: Math.max(0, integer(query, 'limit') ?? 0),
    continueToken: text('continue'),
    resourceVersion: text('resourceVersion'),
    resourceVersionMatch: text('resourceVersionMatch'),
    isWatch: flag(query, 'watch'),
    sendInitialEvents: flag(query, 'sendInitialEvents'),
    allowBookmarks: flag(query, 'allowWatchBookmarks'),
    timeoutSeconds: timeout,
  }
  const problem = versionMatchProblem(parsed)
  if (problem !== undefined) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [problem])
  checkVersion(parsed)
  return parsed
}

function forbid(detail: string): FieldError {
  return forbiddenField('resourceVersionMatch', detail)
}

function versionMatchProblem(query: ListQuery): FieldError | undefined {
  const { resourceVersionMatch: match, sendInitialEvents, resourceVersion, isWatch } = query
  if (isWatch && sendInitialEvents) {
    return match === 'NotOlderThan'
      ? undefined
      : forbid('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  }
  if (sendInitialEvents) return forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list')
  if (match === '') return undefined
  if (isWatch) return forbid('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
  if (resourceVersion === '') return forbid('resourceVersionMatch is forbidden unless resourceVersion is provided')
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    return notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', ''])
  }
  return match === 'Exact' && resourceVersion === '0'
    ? forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    : undefined
}

function checkVersion({ resourceVersion, isWatch }: ListQuery): void {
  if (resourceVersion === '' || /^\d+$/.test(resourceVersion)) return
  const quoted = JSON.stringify(resourceVersion)
  const text = `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`
  throw isWatch ? new StatusError(500, '', text) : badRequest(`invalid resource version: ${text}`)
}

export interface WriteQuery {
  dryRun: boolean
  fieldValidation: FieldValidation
}

/** Reads the query of a write. `optionsKind` names the query in errors: CreateOptions, UpdateOptions, PatchOptions. */
export function parseWriteQuery(query: URLSearchParams, optionsKind: string): WriteQuery {
  const dryRun = query.getAll('dryRun').filter((value) => value !== '')
  const validation = query.get('fieldValidation') ?? ''
  const errors: FieldError[] = []
  if (dryRun.some((value) => value !== 'All')) errors.push(notSupported('dryRun', dryRun, ['All']))
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation)) {
    errors.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']))
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', errors)
  return {
    dryRun: dryRun.length > 0,
    fieldValidation: validation === 'Ignore' || validation === 'Strict' ? validation : 'Warn',
  }
}

function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value === 'true' || value === '1' || value === ''
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name) ?? ''
  if (value === '') return undefined
  if (!/^-?\d+$/.test(value)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`)
  return Number(value)
}
