import { createHash } from 'node:crypto'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { WorkingConfig } from '../config.ts'

/** Each object has a moment of its own after this process has first seen it. */
export function fenceDueAtMs(
  { metadata }: GeminiWebhook,
  { firstSightMs }: { firstSightMs: number },
  { fenceSpreadMs }: Pick<WorkingConfig, 'fenceSpreadMs'>,
): number {
  const share = createHash('sha256').update(`fence ${metadata.uid}`).digest().readUInt32BE(0) / 2 ** 32
  return firstSightMs + share * fenceSpreadMs
}
