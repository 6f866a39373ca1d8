/** Whether there were receivers, as their reports tell. Milliseconds since the epoch. */
export interface ReceiverPresence {
  /** When the last of them reported; absent: none ever did, as far as is known. */
  readonly heardMs?: number
  /** When none of them ran, as those tell that came back. */
  readonly away?: { readonly sinceMs: number; readonly untilMs: number }
}
