import type { Destination } from './entry.ts'

/**
 * Where a destination leads, as people may see it: status, logs and pages show this and never a URL of the keyring. Of
 * a URL that is a secret it has scheme, host and port only.
 */
export function shownAddress(destination: Destination): string {
  switch (destination.type) {
    case 'http':
      return destination.isSecret === true ? new URL(destination.url).origin : destination.url
    case 'nats':
      return `nats:${destination.subject}`
    case 'kafka':
      return `kafka:${destination.topic}`
    case 'kubernetesEvent':
      return 'events.k8s.io'
  }
}
