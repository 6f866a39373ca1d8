import { createHash } from 'node:crypto'

import type { ObjectKey } from '../kubernetes/client.ts'

/** In the operator's namespace: who this installation is at Google. */
export const installationConfigMapName = 'gwh-installation'

/** `gwh:` and the first 12 hex digits of a SHA-256: short enough to survive any length limit on remote names, and put first for the same reason. */
const markerPattern = /^(gwh:[0-9a-f]{12})(?: |$)/

/** What the remote name of this object's webhook starts with. The service lets the client choose nothing else that could carry ownership. */
export function markerOf(installationId: string, key: ObjectKey): string {
  const digest = createHash('sha256').update(`${installationId}/${key.namespace}/${key.name}`).digest('hex')
  return `gwh:${digest.slice(0, 12)}`
}

/** The whole remote name: the marker, then the display name for people. */
export function remoteNameOf(marker: string, displayName: string | undefined): string {
  return displayName === undefined ? marker : `${marker} ${displayName}`
}

export type RemoteOwner = 'ours' | 'another' | 'nobody'

/** Whose marker a remote name carries. `nobody`: no marker at all, so it was made or renamed by hand. */
export function ownerOf(remoteName: string | undefined, marker: string): RemoteOwner {
  const found = markerIn(remoteName)
  if (found === undefined) return 'nobody'
  return found === marker ? 'ours' : 'another'
}

/** The marker that a remote name starts with, whoever it belongs to. */
export function markerIn(remoteName: string | undefined): string | undefined {
  return markerPattern.exec(remoteName ?? '')?.[1]
}
