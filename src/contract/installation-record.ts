/**
 * Who an installation is at Google: ConfigMap `gwh-installation` in the operator's namespace. The controller writes it,
 * people correct it after a move to another cluster, and the command line reads it.
 */
export const installationConfigMapName = 'gwh-installation'

export interface InstallationRecord {
  /** Chosen by people or minted. Empty: somebody has taken it out. */
  readonly id: string
  /** Of the namespace that it was written for; undefined: somebody has taken it out. */
  readonly namespaceUid: string | undefined
  /** Follows from the uid of the namespace; undefined: written by a version without tokens. */
  readonly token: string | undefined
  /** Of namespaces and clusters that a person has said this one replaces. */
  readonly formerTokens: readonly string[]
}

/** The record in the data of the ConfigMap, as far as it can be read. */
export function readInstallationRecord(data: Readonly<Record<string, string>> = {}): InstallationRecord {
  const { id = '', namespaceUid, token, formerTokens } = data
  return { id, namespaceUid, token, formerTokens: tokensIn(formerTokens) }
}

/** The entries of the ConfigMap that say this. What is not given stays as it is. */
export function installationData(given: Partial<InstallationRecord>): Record<string, string> {
  const { formerTokens = [], ...texts } = given
  const said = Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { ...Object.fromEntries(said), ...(formerTokens.length > 0 && { formerTokens: formerTokens.join(',') }) }
}

/** People list them with commas, blanks or line ends; what is no token is left out. */
function tokensIn(text = ''): string[] {
  return text.split(/[\s,]+/).filter((each) => /^[0-9a-f]{8}$/.test(each))
}
