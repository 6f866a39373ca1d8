import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import type { Metafile } from 'esbuild'

import packageJson from '../package.json' with { type: 'json' }

interface LockedPackage {
  version?: string
  integrity?: string
  license?: string
}

/** CycloneDX 1.5, as far as it is used here. */
export interface BillOfMaterials {
  bomFormat: 'CycloneDX'
  specVersion: '1.5'
  serialNumber: string
  version: number
  metadata: { component: Component }
  components: Component[]
}

/** What has no version or address is known by its checksum alone. */
export interface Component {
  type: 'application' | 'library'
  'bom-ref': string
  name: string
  version?: string
  purl?: string
  cpe?: string
  licenses?: ({ license: { id: string } } | { expression: string })[]
  hashes?: { alg: 'SHA-256' | 'SHA-512'; content: string }[]
}

/**
 * What the bundle holds of other people's packages, with the versions and checksums of the lockfile: nothing that is
 * only needed to build or to test, and nothing that was installed and not bundled. The same sources give the same text,
 * serial number included. `more` is what comes beside the bundle. Throws for a package without version or licence.
 */
export function billOfMaterials(
  { inputs }: Pick<Metafile, 'inputs'>,
  more: readonly Component[] = [],
): BillOfMaterials {
  const lockfile = readLockfile()
  const bundled = packagePathsOf({ inputs }).map((path) => componentOf(path, lockfile[path]))
  const components = [...more, ...bundled]
  const application: Component = {
    type: 'application',
    ...identityOf(packageJson.name, packageJson.version),
    licenses: licensesOf(packageJson.license),
  }
  const digest = createHash('sha256')
    .update(JSON.stringify([application, components]))
    .digest('hex')
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(digest)}`,
    version: 1,
    metadata: { component: application },
    components,
  }
}

function readLockfile(): Record<string, LockedPackage> {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, LockedPackage>
  }
  return packages
}

/** Folders of the packages that are in a bundle, sorted. */
export function packagePathsOf({ inputs }: Pick<Metafile, 'inputs'>): string[] {
  const paths = Object.keys(inputs).map(packagePathOf)
  return [...new Set(paths)].filter((path) => path !== undefined).toSorted()
}

/**
 * node_modules/a/node_modules/@b/c/index.js -> node_modules/a/node_modules/@b/c, the key of the lockfile. Undefined for
 * sources of ours.
 */
function packagePathOf(input: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]
}

function componentOf(path: string, locked: LockedPackage | undefined): Component {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  if (locked?.version === undefined) throw new Error(`package-lock.json: has no version of ${path}; run npm install`)
  const license = locked.license ?? licenseIn(path)
  const [algorithm = '', checksum = ''] = (locked.integrity ?? '').split('-')
  return {
    type: 'library',
    ...identityOf(name, locked.version),
    licenses: licensesOf(license),
    ...(algorithm === 'sha512' && {
      hashes: [{ alg: 'SHA-512', content: Buffer.from(checksum, 'base64').toString('hex') }],
    }),
  }
}

function identityOf(name: string, version: string): Required<Pick<Component, 'bom-ref' | 'name' | 'version' | 'purl'>> {
  const purl = `pkg:npm/${name.replace(/^@/, '%40')}@${version}`
  return { 'bom-ref': purl, name, version, purl }
}

function licenseIn(path: string): string {
  const { license } = JSON.parse(readFileSync(`${path}/package.json`, 'utf8')) as { license?: string }
  if (license === undefined) throw new Error(`${path}/package.json: names no licence; look whether it may be shipped`)
  return license
}

function licensesOf(license: string): NonNullable<Component['licenses']> {
  return /[ ()]/.test(license) ? [{ expression: license }] : [{ license: { id: license } }]
}

/** A name-based UUID in its form: version 8, made of a digest. */
function uuidOf(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
