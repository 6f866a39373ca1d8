/**
 * `npm run package [-- --out FOLDER --repository URL]`: `gwh` in every form in which people get it. An npm package, one
 * archive per platform with a single executable, a krew manifest where a repository is named (it holds addresses), and
 * the checksums of all. The same commit gives the same bytes.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'

import packageJson from '../package.json' with { type: 'json' }
import { bundle, bundleWhole } from './bundle.ts'
import { tarOf } from './image/tar.ts'
import { prepareProgram, writeExecutable } from './package/executable.ts'
import { krewManifest, type PluginArchive } from './package/krew-manifest.ts'
import { thirdPartyLicenses } from './package/licenses.ts'
import { nodeRelease, type Architecture } from './package/node-release.ts'
import { writeNpmPackage } from './package/npm-package.ts'

const { values } = parseArgs({
  options: { out: { type: 'string', default: 'packages' }, repository: { type: 'string' } },
})
const { out } = values
const architectures: readonly Architecture[] = ['x64', 'arm64']
const licensesFile = 'THIRD_PARTY_LICENSES'

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
const work = mkdtempSync(join(tmpdir(), 'gwh-package-'))
try {
  const written = [await npmPackage(), ...(await executables())]
  const sums = written.map((file) => `${sha256Of(file)}  ${file}\n`)
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''))
  process.stdout.write(`${out}/SHA256SUMS\n`)
} finally {
  rmSync(work, { recursive: true })
}

async function npmPackage(): Promise<string> {
  const folder = join(work, 'npm')
  const metafile = await bundle({ outdir: join(folder, 'program'), sourceMaps: false })
  writeFileSync(join(folder, licensesFile), thirdPartyLicenses(metafile))
  return told(writeNpmPackage(folder, out))
}

async function executables(): Promise<string[]> {
  const programs = join(work, 'whole')
  const metafile = await bundleWhole(programs)
  const blob = join(work, 'program.blob')
  prepareProgram(programs, blob)

  const archives = architectures.map((architecture): PluginArchive => {
    const node = nodeRelease(architecture)
    const executable = join(work, `gwh-${architecture}`)
    writeExecutable(node.binary, blob, executable)
    const licenses = thirdPartyLicenses(metafile, {
      [`Node.js ${process.version}`]: readFileSync(node.license, 'utf8'),
    })
    const archive = tarOf([
      { path: 'gwh', mode: 0o755, content: readFileSync(executable) },
      { path: 'LICENSE', mode: 0o644, content: readFileSync('LICENSE') },
      { path: licensesFile, mode: 0o644, content: Buffer.from(licenses) },
    ])
    const file = `gwh-${packageJson.version}-linux-${architecture}.tar.gz`
    writeFileSync(join(out, file), gzipSync(archive))
    return { architecture, file: told(file), sha256: sha256Of(file) }
  })
  const files = archives.map(({ file }) => file)
  if (values.repository === undefined) {
    process.stderr.write('No krew manifest: it names addresses, which --repository=https://... gives.\n')
    return files
  }
  writeFileSync(join(out, 'gwh.yaml'), krewManifest(values.repository, archives))
  return [...files, told('gwh.yaml')]
}

function sha256Of(file: string): string {
  return createHash('sha256')
    .update(readFileSync(join(out, file)))
    .digest('hex')
}

function told(file: string): string {
  const mebibytes = readFileSync(join(out, file)).length / 1024 ** 2
  process.stdout.write(`${out}/${file}: ${mebibytes.toFixed(2)} MiB\n`)
  return file
}
