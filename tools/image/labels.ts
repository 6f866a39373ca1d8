import packageJson from '../../package.json' with { type: 'json' }

export interface ReleaseFacts {
  version: string
  /** The commit. */
  revision: string
  /** Address of the repository, https. */
  source?: string | undefined
  /** Of the commit, RFC 3339: the same commit gives the same image. */
  created?: string | undefined
}

const prefix = 'org.opencontainers.image.'

/**
 * What an image says of itself, in the keys of the OCI image specification. The same are labels of the image and
 * annotations of its manifests in a registry. The Dockerfile has those of them that are known without a release.
 */
export function imageLabels({ version, revision, source, created }: ReleaseFacts): Record<string, string> {
  const facts = {
    title: packageJson.name,
    description: packageJson.description,
    licenses: packageJson.license,
    version,
    revision,
    source,
    documentation: source && `${source}/blob/v${version}/README.md`,
    created,
  }
  const known = Object.entries(facts).filter((fact): fact is [string, string] => fact[1] !== undefined)
  return Object.fromEntries(known.map(([key, value]) => [prefix + key, value]))
}
