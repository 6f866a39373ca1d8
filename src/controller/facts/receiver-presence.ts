/** Whether there were receivers, as their reports tell. Milliseconds since the epoch. */
export interface ReceiverPresence {
  /** When the last of them reported; absent: none ever did, as far as is known. */
  readonly heardMs?: number
  /** When none of them ran, as those tell that came back. */
  readonly away?: { readonly sinceMs: number; readonly untilMs: number }
  /** Why they cannot tell what they have had; absent: they can, as far as is known. */
  readonly foldProblem?: FoldProblem
}

/** Several inboxes do not know of each other's events; a receiver of a version before does not know events by jobs. */
export type FoldProblem = 'SeveralInboxes' | 'OlderVersion'

const words: Record<FoldProblem, string> = {
  SeveralInboxes:
    'several receivers keep inboxes of their own, or did so in the last hours, and none knows what the others had, so events would be handed on twice and nothing is sent: run one receiver (receiver.replicas=1), or one inbox for all (inbox.driver=jetstream)',
  OlderVersion:
    'a receiver of an older version runs, or did so in the last hours, which does not recognise the end of a batch, so events would be handed on twice and nothing is sent: upgrade all receivers',
}

/** What is wrong and what to do; the same words as long as it lasts. */
export function foldProblemInWords(problem: FoldProblem): string {
  return words[problem]
}

/** Whether a text is that of a problem that is told here, of whichever. */
export function tellsFoldProblem(text: string): boolean {
  return Object.values(words).includes(text)
}
