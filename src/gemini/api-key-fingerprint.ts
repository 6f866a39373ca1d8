import { createHmac } from 'node:crypto'

/**
 * Identifies an API key without revealing it: 32 hex digits of HMAC-SHA256 over the key, keyed with the installation
 * id, so that two installations cannot compare keys. A trailing newline, the commonest slip when a Secret is made from
 * a file, does not count. Not for logs.
 */
export function apiKeyFingerprint(apiKey: string, installationId: string): string {
  return createHmac('sha256', installationId).update(apiKey.trim()).digest('hex').slice(0, 32)
}
