/** `npm run build [-- --no-source-maps]`: the programs, bundled into dist/, with what each of them loads. */
import { parseArgs } from 'node:util'

import { bundle, loadedCode } from './bundle.ts'

const { values } = parseArgs({ options: { 'source-maps': { type: 'boolean', default: true } }, allowNegative: true })
const loaded = loadedCode(await bundle({ outdir: 'dist', sourceMaps: values['source-maps'] }))
for (const { name, bytes } of loaded.filter((code) => code.name.startsWith('src/'))) {
  process.stdout.write(`${name.padEnd(32)} ${(bytes / 1024).toFixed(0).padStart(6)} KiB\n`)
}
