import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

import type { Metafile } from 'esbuild'

import { billOfMaterials, type Component } from '../bill-of-materials.ts'
import { thirdPartyLicenses } from '../package/licenses.ts'
import { nodeRelease, type Architecture } from '../package/node-release.ts'
import { debianPackagesOf, distributionOf, type DebianPackage } from './debian-packages.ts'
import { librariesOf, nodeRootFileSystem, programFiles, readOsRelease, text } from './root-file-system.ts'
import type { TarEntry } from './tar.ts'

/** Scanners of images look for files with this ending. */
export const billPath = 'usr/share/sbom/gemini-webhook-operator.cdx.json'

export interface ImageFiles {
  /** Node with its libraries: changes with them alone. */
  base: TarEntry[]
  program: TarEntry[]
}

/**
 * All that is in the image, for the architecture of this machine: Node of the lockfile, the libraries of this machine,
 * the programs bundled in `dist`, the licences of all of them, and their bill of materials. The Dockerfile and
 * `npm run image` both take it from here.
 */
export function imageFiles(dist: string, metafile: Pick<Metafile, 'inputs'>): ImageFiles {
  const node = nodeRelease(process.arch as Architecture)
  const libraries = librariesOf(node.binary)
  const packages = debianPackagesOf(libraries)
  const bill = billOfMaterials(metafile, [nodeComponent(), ...libraryComponents(libraries, packages)])
  const licenses = thirdPartyLicenses(metafile, {
    [`Node.js ${process.version}`]: readFileSync(node.license, 'utf8'),
    ...Object.fromEntries(packages.map(({ name, version, copyright = '' }) => [`${name} ${version}`, copyright])),
  })
  return {
    base: nodeRootFileSystem(node.binary, libraries),
    program: programFiles(dist, [
      text('licenses/LICENSE', readFileSync('LICENSE', 'utf8')),
      text('licenses/THIRD_PARTY_LICENSES', licenses),
      text(billPath, `${JSON.stringify(bill, null, 2)}\n`),
    ]),
  }
}

function nodeComponent(): Component {
  const { node: version } = process.versions
  const purl = `pkg:generic/node@${version}`
  const cpe = `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`
  return {
    type: 'application',
    'bom-ref': purl,
    name: 'node',
    version,
    purl,
    cpe,
    licenses: [{ license: { id: 'MIT' } }],
  }
}

/** By package where the machine knows them, as advisories name them; otherwise file by file. */
function libraryComponents(libraries: readonly string[], packages: readonly DebianPackage[]): Component[] {
  if (packages.length === 0) {
    return libraries.map((file) => {
      const content = createHash('sha256').update(readFileSync(file)).digest('hex')
      return { type: 'library', 'bom-ref': file, name: basename(file), hashes: [{ alg: 'SHA-256', content }] }
    })
  }
  const distribution = distributionOf(readOsRelease())
  const [id = 'debian'] = distribution?.split('-') ?? []
  return packages.map(({ name, version, architecture }) => {
    const of = distribution === undefined ? '' : `&distro=${distribution}`
    const purl = `pkg:deb/${id}/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}${of}`
    return { type: 'library', 'bom-ref': purl, name, version, purl }
  })
}
