import { foldKey } from '../gemini/batch-job.ts'
import type { Dedupe, NewEvent } from '../inbox/port.ts'
import type { Endpoint } from './endpoint.ts'
import type { EventSummary } from './withhold.ts'

interface Given {
  readonly endpoint: Pick<Endpoint, 'foldJobsForMs'>
  readonly mode: NewEvent['mode']
  /** Read only where it matters. */
  readonly envelope: () => EventSummary
}

/**
 * What the end of a batch is recognised by, whoever sends it, where its object wants that; undefined for all else. A
 * dynamic delivery is of a job that names its own address: nobody else sends it.
 */
export function dedupeByJob({ endpoint: { foldJobsForMs }, mode, envelope }: Given): Dedupe | undefined {
  if (foldJobsForMs === undefined || mode !== 'static') return undefined
  const { type, dataId } = envelope()
  const key = foldKey(type, dataId)
  return key === undefined ? undefined : { key, rememberMs: foldJobsForMs }
}
