/**
 * `npm run image -- --name registry/gwh:tag --out gwh.tar`: the image without a container engine, from the lockfile's
 * Node and this machine's libraries, as an archive for `docker load` or `ctr images import`. Prints its size and how
 * long the programs take to start, unless `--no-starts`. With `--folder FOLDER` what is in it as files, in a folder for
 * each layer: the Dockerfile copies them, so that both ways give the same image.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'

import packageJson from '../package.json' with { type: 'json' }
import { bundle } from './bundle.ts'
import { dockerArchive } from './image/docker-archive.ts'
import { imageFiles } from './image/image-files.ts'
import { imageLabels } from './image/labels.ts'
import { measureStart, measuredRoles } from './image/measure-start.ts'
import { tarOf } from './image/tar.ts'
import { writeFolder } from './image/write-folder.ts'

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: `docker.io/local/gemini-webhook-operator:${packageJson.version}` },
    out: { type: 'string', default: 'gemini-webhook-operator.tar' },
    folder: { type: 'string' },
    revision: { type: 'string', default: 'unknown' },
    label: { type: 'string', multiple: true, default: [] },
    'no-starts': { type: 'boolean', default: false },
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

const dist = mkdtempSync(join(tmpdir(), 'gwh-image-'))
try {
  const { base, program } = imageFiles(dist, await bundle({ outdir: dist, sourceMaps: false }))
  if (values.folder !== undefined) {
    writeFolder(join(values.folder, 'base'), base)
    writeFolder(join(values.folder, 'program'), program)
  } else {
    writeImage([tarOf(base), tarOf(program)], architecture)
    if (!values['no-starts']) await tellStarts()
  }
} finally {
  rmSync(dist, { recursive: true })
}

function writeImage(layers: Buffer[], architecture: 'amd64' | 'arm64'): void {
  const given = values.label.map((label) => {
    const [key = '', ...value] = label.split('=')
    return [key, value.join('=')]
  })
  const labels = {
    ...imageLabels({ version: packageJson.version, revision: values.revision }),
    ...(Object.fromEntries(given) as Record<string, string>),
  }
  writeFileSync(values.out, dockerArchive({ name: values.name, architecture, labels, layers }))
  const [unpacked, pulled] = [layers, layers.map((layer) => gzipSync(layer))].map((all) => all.map(mebibytes))
  process.stdout.write(
    `${values.out}: ${values.name}, Node ${process.version} with its libraries ${unpacked?.[0]}, ` +
      `the programs ${unpacked?.[1]}; as a registry keeps them, gzip, ${pulled?.[0]} and ${pulled?.[1]}\n`,
  )
}

function mebibytes({ length }: Buffer): string {
  return `${(length / 1024 ** 2).toFixed(1)} MiB`
}

async function tellStarts(): Promise<void> {
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
}
