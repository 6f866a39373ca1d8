/**
 * `npm run image -- --name registry/gwh:tag --out gwh.tar`: the image without a container engine, from this machine's
 * Node and libraries, as an archive for `docker load` or `ctr images import`. For tests and air-gapped trials; releases
 * are built by the Dockerfile. Prints its size and how long the programs take to start.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import packageJson from '../package.json' with { type: 'json' }
import { bundle } from './bundle.ts'
import { dockerArchive } from './image/docker-archive.ts'
import { measureStart, measuredRoles } from './image/measure-start.ts'
import { nodeRootFileSystem, programFiles } from './image/root-file-system.ts'
import { tarOf } from './image/tar.ts'

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: `docker.io/local/gemini-webhook-operator:${packageJson.version}` },
    out: { type: 'string', default: 'gemini-webhook-operator.tar' },
    revision: { type: 'string', default: 'unknown' },
  },
})
const architectures: Readonly<Record<string, 'amd64' | 'arm64'>> = { x64: 'amd64', arm64: 'arm64' }
const architecture = architectures[process.arch]
if (process.platform !== 'linux' || architecture === undefined) {
  process.stderr.write(
    `image: needs Linux on x64 or arm64, this is ${process.platform} on ${process.arch}; use the Dockerfile\n`,
  )
  process.exit(1)
}

const mebibytes = (bytes = 0) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`

const dist = mkdtempSync(join(tmpdir(), 'gwh-image-'))
try {
  await bundle({ outdir: dist, sourceMaps: false })
  const layers = [tarOf(nodeRootFileSystem(process.execPath)), tarOf(programFiles(dist))]
  const labels = {
    'org.opencontainers.image.title': packageJson.name,
    'org.opencontainers.image.description': packageJson.description,
    'org.opencontainers.image.licenses': packageJson.license,
    'org.opencontainers.image.version': packageJson.version,
    'org.opencontainers.image.revision': values.revision,
  }
  writeFileSync(values.out, dockerArchive({ name: values.name, architecture, labels, layers }))
  const [base, program] = layers.map(({ length }) => length)
  process.stdout.write(
    `${values.out}: ${values.name}, Node ${process.version} with its libraries ${mebibytes(base)}, the programs ${mebibytes(program)}\n`,
  )
  process.stdout.write(
    `gwh --version in the bundle: ${execFileSync(process.execPath, [join(dist, 'gwh.mjs'), '--version'], { encoding: 'utf8' })}`,
  )
  for (const role of measuredRoles) {
    const times: number[] = []
    for (let run = 0; run < 3; run += 1) times.push(await measureStart(join(dist, 'gwh.mjs'), role))
    process.stdout.write(
      `gwh ${role}: ready ${Math.round(Math.min(...times))} ms after exec, the best of ${times.length}\n`,
    )
  }
} finally {
  rmSync(dist, { recursive: true })
}
