import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { InstallationView } from './observed.ts'
import { isSameMarker, markerOf } from './ownership.ts'

/**
 * A digest for each of twenty thousand objects is not to be made again with every look. Kept as long as the version of
 * the object that it is of.
 */
const known = new WeakMap<GeminiWebhook, { installationId: string; marker: string }>()

/**
 * The live object that this marker is of; undefined when there is none. `installationId`: of objects whose status names
 * none.
 */
export function objectOfMarker(
  marker: string | undefined,
  webhooks: readonly GeminiWebhook[],
  installationId: string,
): GeminiWebhook | undefined {
  return marker === undefined
    ? undefined
    : webhooks.find((webhook) => isSameMarker(markerFor(webhook, installationId), marker))
}

/** Tells of a marker whether a live object of this installation has it. */
export function isOfThisInstallation({
  webhooks,
  installation,
}: {
  webhooks: { list(): readonly GeminiWebhook[] }
  installation: () => InstallationView
}): (marker: string) => boolean {
  const view = installation()
  return (marker) => view.state === 'confirmed' && objectOfMarker(marker, webhooks.list(), view.id) !== undefined
}

function markerFor(webhook: GeminiWebhook, ours: string): string {
  const installationId = webhook.status?.installationID ?? ours
  const before = known.get(webhook)
  if (before?.installationId === installationId) return before.marker
  const marker = markerOf(installationId, webhook.metadata)
  known.set(webhook, { installationId, marker })
  return marker
}
