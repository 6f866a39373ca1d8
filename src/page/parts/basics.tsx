import type { ComponentChildren } from 'preact'

import type { Health } from '../../contract/page/overview.ts'
import { ago } from '../format.ts'
import { now } from '../live/now.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'quiet'

/** A state in a word; the colour only repeats it. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>
}

const healthWords: Record<Health, readonly [Tone, string]> = {
  Failed: ['bad', 'Failed'],
  SinkFailing: ['bad', 'Sink failing'],
  DeadLetters: ['warn', 'Dead letters'],
  Progressing: ['warn', 'Progressing'],
  Unknown: ['quiet', 'Not known'],
  Suspended: ['quiet', 'Suspended'],
  Deleting: ['quiet', 'Deleting'],
  Ready: ['good', 'Ready'],
}

export function HealthBadge({ health }: { health: Health }) {
  const [tone, word] = healthWords[health]
  return <Badge tone={tone}>{word}</Badge>
}

/** `12 s ago`, and the exact time for who asks; moves by itself. */
export function Ago({ at }: { at: string | number | undefined }) {
  const atMs = typeof at === 'string' ? Date.parse(at) : (at ?? Number.NaN)
  if (Number.isNaN(atMs)) return <span>–</span>
  const exact = new Date(atMs).toISOString()
  return (
    <time dateTime={exact} title={exact}>
      {ago(atMs, now.value)}
    </time>
  )
}

export function Card({
  title,
  aside,
  children,
}: {
  title: ComponentChildren
  aside?: ComponentChildren
  children: ComponentChildren
}) {
  return (
    <section class="card">
      <header>
        <h2>{title}</h2>
        <span class="grow" />
        {aside}
      </header>
      {children}
    </section>
  )
}

/** Nothing there: what that means, and the next step. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  )
}

export function Loading({ what }: { what: string }) {
  return (
    <p class="empty" role="status">
      Loading {what} …
    </p>
  )
}

/** Something that could not be had, and what to do. */
export function Trouble({ children, bad = false }: { children: ComponentChildren; bad?: boolean }) {
  return (
    <div class={bad ? 'notice bad' : 'notice'} role="status">
      {children}
    </div>
  )
}
