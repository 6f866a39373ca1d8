/** `npm run build`: the programs, bundled into dist/, with what each of them loads. */
import { bundle, loadedCode } from './bundle.ts'

const loaded = loadedCode(await bundle({ outdir: 'dist' }))
for (const { name, bytes } of loaded.filter((code) => code.name.startsWith('src/'))) {
  process.stdout.write(`${name.padEnd(32)} ${(bytes / 1024).toFixed(0).padStart(6)} KiB\n`)
}
