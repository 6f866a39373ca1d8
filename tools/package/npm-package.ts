import { execFileSync } from 'node:child_process'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import packageJson from '../../package.json' with { type: 'json' }

const source = 'tools/package/npm'

/** For those who take events: `import type { GeminiEvent } from 'gwh/events'`, and the schemas as files. */
const exported = {
  './events': { types: './schemas/events.d.ts' },
  './schemas/*': './schemas/*',
  './package.json': './package.json',
}

/**
 * Puts the npm package together in `folder`, which holds the bundle in `program/` already, and writes its archive into
 * `out`. Returns the archive's name. The bundle needs no other package, so nothing is installed with it.
 */
export function writeNpmPackage(folder: string, out: string): string {
  cpSync(join(source, 'gwh.cjs'), join(folder, 'gwh.cjs'))
  cpSync(join(source, 'README.md'), join(folder, 'README.md'))
  cpSync('LICENSE', join(folder, 'LICENSE'))
  cpSync('docs/schemas', join(folder, 'schemas'), { recursive: true })
  const { version, description, license, engines } = packageJson
  const manifest = { name: 'gwh', version, description, license, bin: { gwh: 'gwh.cjs' }, engines, exports: exported }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  const printed = execFileSync('npm', ['pack', folder, '--pack-destination', out, '--ignore-scripts', '--silent'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return printed.trim()
}
