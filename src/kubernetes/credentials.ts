import type { Clock } from '../clock.ts'
import type { KubeconfigPlace } from './kubeconfig.ts'
import { openServiceAccount, type PodAccess } from './service-account.ts'

export interface TlsMaterial {
  ca?: string
  cert?: string
  key?: string
  servername?: string
  rejectUnauthorized?: boolean
}

/** Everything needed to talk to one API server as one user. */
export interface Credentials {
  server: URL
  proxyUrl?: string
  tls: TlsMaterial
  /** Authorization and impersonation headers, as they go on the wire. */
  headers: Readonly<Record<string, string>>
}

export interface CredentialSource {
  /**
   * Cached; read again when older than a minute, because tokens and certificates on disk rotate. A failed reread keeps
   * the last good ones.
   */
  current(): Promise<Credentials>
  /**
   * The server has refused these: reads everything again at once, running an exec plugin anew. Many calls refused
   * together cause one reread, and one that was sent with credentials already replaced causes none.
   */
  renew(refused: Credentials): Promise<Credentials>
}

/**
 * Projected service account tokens are replaced on disk well before they expire; client-go rereads once a minute too.
 */
const rereadIntervalMs = 60_000

/** Where credentials are read: a kubeconfig, or the files of a pod's service account. */
export interface CredentialOrigin {
  /** All of it anew; `fresh`: what was read last has been refused. Throws where something is missing. */
  read(fresh: boolean): Promise<Credentials>
}

export interface CredentialPlace extends KubeconfigPlace {
  /** Of a pod whose service account goes before every kubeconfig, if its token is mounted. */
  pod?: PodAccess | undefined
}

/** Throws when there is neither a kubeconfig nor a service account. */
export async function openCredentials({
  clock,
  ...place
}: CredentialPlace & { clock: Clock }): Promise<CredentialSource> {
  const origin = await openOrigin(place)
  let credentials = await origin.read(false)
  let readAtMs = clock.monotonic()
  let renewing: Promise<void> | undefined

  const read = async (fresh: boolean) => {
    credentials = await origin.read(fresh)
  }
  return {
    async current() {
      if (clock.monotonic() - readAtMs >= rereadIntervalMs) {
        readAtMs = clock.monotonic()
        // A file caught in the middle of its rotation is no reason to stop: the current credentials still work, or a
        // 401 shows that they do not.
        await read(false).catch(() => {})
      }
      return credentials
    },
    async renew(refused) {
      if (refused !== credentials) return credentials
      readAtMs = clock.monotonic()
      renewing ??= read(true).finally(() => {
        renewing = undefined
      })
      await renewing
      return credentials
    },
  }
}

async function openOrigin({ pod, ...place }: CredentialPlace): Promise<CredentialOrigin> {
  const account = pod === undefined ? undefined : openServiceAccount(pod)
  if (account !== undefined) return account
  // Its loader brings the whole client along, half a megabyte that a pod has no use for.
  const { openKubeconfig } = await import('./kubeconfig.ts')
  return openKubeconfig(place)
}
