import { stringify } from 'yaml'

import packageJson from '../../package.json' with { type: 'json' }
import type { Architecture } from './node-release.ts'

export interface PluginArchive {
  architecture: Architecture
  /** Name of the file that is attached to the release. */
  file: string
  /** Of that file, hexadecimal. */
  sha256: string
}

const kubernetesNames: Readonly<Record<Architecture, string>> = { x64: 'amd64', arm64: 'arm64' }

/**
 * The plugin as krew installs it: `gwh` of the archive of each platform, which krew links as `kubectl-gwh`.
 * `repository`: the address of the repository whose release has the archives.
 */
export function krewManifest(repository: string, archives: readonly PluginArchive[]): string {
  const version = `v${packageJson.version}`
  return stringify(
    {
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: 'gwh' },
      spec: {
        version,
        homepage: repository,
        shortDescription: 'Look into Gemini API webhooks and their deliveries',
        description:
          'Commands for an installation of gemini-webhook-operator: what is broken between Google and the sinks, pending deliveries and dead letters, ' +
          'rotation, replay, and checks of manifests and captured requests that need no cluster.\n',
        caveats: 'Linux with glibc 2.28 or newer.\n',
        platforms: archives.map(({ architecture, file, sha256 }) => ({
          selector: { matchLabels: { os: 'linux', arch: kubernetesNames[architecture] } },
          uri: `${repository}/releases/download/${version}/${file}`,
          sha256,
          bin: 'gwh',
        })),
      },
    },
    { lineWidth: 0 },
  )
}
