import { computed, signal } from '@preact/signals'

import type { LiveEntry } from '../../contract/page/deliveries.ts'
import type { ApiServerState, Hello } from '../../contract/page/messages.ts'
import type { Finding, LastHour, Overview, ReceiverRow } from '../../contract/page/overview.ts'
import type { Access } from '../../contract/page/rights.ts'
import type { RouteList } from '../../contract/page/routes.ts'
import { noRows, type RowSet } from './rows.ts'

/** How the page's own connection to `gwh ui` is. `Ended`: it was opened without its token, or with an old one. */
export type Connection = 'Connecting' | 'Live' | 'Reconnecting' | 'Ended'

export const connection = signal<Connection>('Connecting')
export const hello = signal<Hello | undefined>(undefined)
export const apiServer = signal<ApiServerState>({ state: 'Connecting' })
export const rows = signal<RowSet>(noRows)
export const overview = signal<Overview | undefined>(undefined)
export const lastHour = signal<LastHour | undefined>(undefined)
export const receivers = signal<{ readonly receivers: readonly ReceiverRow[]; readonly why?: string } | undefined>(
  undefined,
)
export const findings = signal<{ readonly findings: readonly Finding[]; readonly atMs: number } | undefined>(undefined)
export const routes = signal<RouteList | undefined>(undefined)
export const access = signal<Access | undefined>(undefined)
/** Newest first. */
export const entries = signal<readonly LiveEntry[]>([])

/** Whether anything can be said of the objects: before they were listed, none is not nothing. */
export const areObjectsKnown = computed(() => rows.value.isComplete || rows.value.byId.size > 0)

/** Only the objects of this namespace are listed; empty: all. A choice of the person, for all lists. */
export const namespace = signal('')
export const search = signal('')
/** The field is to take the focus as soon as it is there. */
export const isSearchWanted = signal(false)

/** Of all that is listed: a team of routes has no webhook of its own. */
export const namespaces = computed(() => {
  const listed = routes.value?.isKnown === true ? routes.value.rows : []
  return [...new Set([...rows.value.byId.values(), ...listed].map((row) => row.namespace))].toSorted()
})
