import type { ComponentChildren } from 'preact'

import { counted, count } from '../format.ts'
import { apiServer, areObjectsKnown, connection, hello, namespace, namespaces, overview } from '../live/state.ts'
import { route } from '../live/address.ts'
import { hrefOf, type Route } from '../route.ts'
import { Notices } from './notices.tsx'

interface Place {
  readonly page: Exclude<Route['page'], 'webhook' | 'route' | 'delivery'>
  readonly label: string
  /** Pages that are reached from it. */
  readonly also?: readonly Route['page'][]
  readonly number?: number | undefined
  readonly isBad?: boolean
  readonly isApart?: boolean
}

function places(): Place[] {
  const { total, pending = 0, deadLetters = 0 } = overview.value ?? {}
  return [
    { page: 'overview', label: 'Overview' },
    {
      page: 'webhooks',
      label: 'Webhooks',
      also: ['webhook', 'route'],
      number: areObjectsKnown.value ? total : undefined,
    },
    { page: 'deliveries', label: 'Deliveries', also: ['delivery'] },
    { page: 'waiting', label: 'Pending', number: pending === 0 ? undefined : pending },
    { page: 'dead-letters', label: 'Dead letters', number: deadLetters === 0 ? undefined : deadLetters, isBad: true },
    { page: 'installation', label: 'Installation' },
    ...(hello.value?.playground === true ? [{ page: 'playground' as const, label: 'Playground', isApart: true }] : []),
  ]
}

export function Side() {
  const here = route.value.page
  return (
    <div class="side">
      <a class="brand" href={hrefOf({ page: 'overview' })} tabIndex={-1}>
        gemini webhooks
      </a>
      <nav aria-label="Pages">
        <ul>
          {places().map(({ page, label, also, number, isBad, isApart }) => (
            <li key={page} class={isApart === true ? 'apart' : ''}>
              <a
                href={hrefOf({ page })}
                aria-current={here === page || also?.includes(here) === true ? 'page' : undefined}
              >
                {label}
                {number !== undefined && <span class={isBad === true ? 'count bad' : 'count'}>{count(number)}</span>}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </div>
  )
}

const connectionWords = {
  Connecting: 'connecting',
  Live: 'live',
  Reconnecting: 'reconnecting',
  Ended: 'ended',
} as const

function LivePill() {
  const isApiAway = apiServer.value.state !== 'Connected'
  const isLive = connection.value === 'Live' && !isApiAway
  const word =
    connection.value === 'Live' && apiServer.value.state === 'Away' ? 'cluster away' : connectionWords[connection.value]
  return (
    <span class={isLive ? 'pill' : 'pill away'} role="status">
      <span class="dot" aria-hidden="true" />
      <span>{word}</span>
    </span>
  )
}

/** The head of every page: its title, whether it is live, and what it is about. */
export function Page({
  title,
  badge,
  actions,
  hasNamespace = false,
  children,
}: {
  title: string
  badge?: ComponentChildren
  actions?: ComponentChildren
  hasNamespace?: boolean
  children: ComponentChildren
}) {
  document.title = `${title} · gemini webhooks`
  return (
    <main class="content" id="content" tabIndex={-1}>
      <div class="bar">
        <h1>{title}</h1>
        {badge}
        <LivePill />
        <span class="grow" />
        {hasNamespace && <About />}
        {actions}
      </div>
      <Notices />
      {children}
    </main>
  )
}

function About() {
  const { context, onlyNamespace } = hello.value ?? {}
  return (
    <>
      {context !== undefined && (
        <span class="pill" title={`context ${context}`}>
          <span>context {context}</span>
        </span>
      )}
      {onlyNamespace === undefined ? (
        <select
          class="pill"
          aria-label="Namespace"
          value={namespace.value}
          onChange={(event) => (namespace.value = event.currentTarget.value)}
        >
          <option value="">all namespaces</option>
          {namespaces.value.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      ) : (
        <span class="pill">
          <span>namespace {onlyNamespace}</span>
        </span>
      )}
      <span class="pill" title={counted(60, 'minute')}>
        <span>last hour</span>
      </span>
    </>
  )
}
