/** An event as it was stored, with its body. */
export interface ArrivedEvent {
  readonly owner: { readonly namespace: string; readonly name: string }
  readonly eventId: string
  /** Milliseconds since the epoch. */
  readonly receivedAtMs: number
  /** As the sender had it; empty where there was none. */
  readonly contentType: string
  readonly body: Uint8Array
}

/** All that is given must hold. */
interface ArrivedQuery {
  readonly namespace?: string
  readonly name?: string
  readonly eventId?: string
}

/** The listeners for events that are stored from now on. Nothing is remembered: without a listener it does nothing. */
export class EventFeed {
  readonly #listeners = new Set<(event: ArrivedEvent) => void>()

  /** A listener must read the body at once, and must not throw. */
  add(event: ArrivedEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** The returned function ends it. */
  listen(query: ArrivedQuery, listener: (event: ArrivedEvent) => void): () => void {
    const wanted = (event: ArrivedEvent) => {
      if (isWanted(event, query)) listener(event)
    }
    this.#listeners.add(wanted)
    return () => this.#listeners.delete(wanted)
  }
}

function isWanted({ owner, eventId }: ArrivedEvent, query: ArrivedQuery): boolean {
  return (
    (query.namespace ?? owner.namespace) === owner.namespace &&
    (query.name ?? owner.name) === owner.name &&
    (query.eventId ?? eventId) === eventId
  )
}
