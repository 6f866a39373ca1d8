import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Metafile } from 'esbuild'

import { packagePathsOf } from '../bill-of-materials.ts'

interface PackageJson {
  name: string
  version: string
  license?: string
}

const licenseFile = /^(licen[cs]e|copying|notice)([.-].*)?$/i

/**
 * The licences of all packages in a bundle, as most of them ask for in every copy. A package without a file of its own
 * is named with what its package.json says. `more`: licences of what comes beside the bundle, by name.
 */
export function thirdPartyLicenses(metafile: Pick<Metafile, 'inputs'>, more: Readonly<Record<string, string>> = {}) {
  const bundled = packagePathsOf(metafile).map((path) => {
    const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as PackageJson
    const texts = readdirSync(path)
      .filter((file) => licenseFile.test(file))
      .toSorted()
      .map((file) => readFileSync(join(path, file), 'utf8').trim())
    return chapter(`${name} ${version}`, texts.join('\n\n') || `License: ${license ?? 'none named'}`)
  })
  const beside = Object.entries(more).map(([name, text]) => chapter(name, text.trim()))
  return [...beside, ...bundled].join('\n')
}

const chapter = (title: string, text: string) => `${'='.repeat(80)}\n${title}\n${'='.repeat(80)}\n\n${text}\n`
