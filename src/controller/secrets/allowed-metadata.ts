import { isReservedKey } from '../../api/reserved-metadata.ts'
import type { WorkingConfig } from '../config.ts'

/** Which keys of labels and annotations the installation lets objects put on their Secrets. */
export type AllowedKeys = Pick<WorkingConfig, 'allowedSecretLabels' | 'allowedSecretAnnotations'>

/** What an entry of the setting says instead of a key: that there is none. */
const nothing = 'none'

/** Whether the list allows the key; a reserved key never is, whatever the list says. */
export function isAllowedKey(key: string, entries: readonly string[]): boolean {
  return !isReservedKey(key) && entries.some((entry) => entry !== nothing && allows(entry, key))
}

/** An entry is a key, or with a slash or an asterisk at its end the beginning of keys. */
function allows(entry: string, key: string): boolean {
  if (entry.endsWith('*')) return key.startsWith(entry.slice(0, -1))
  return entry.endsWith('/') ? key.startsWith(entry) : key === entry
}

/** Nothing is refused but what others set. */
export const allowsEverything: AllowedKeys = { allowedSecretLabels: ['*'], allowedSecretAnnotations: ['*'] }
