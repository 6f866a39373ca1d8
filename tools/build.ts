/** `npm run build`: the programs, bundled into dist/, with what each of them loads. */
import { bundle, loadedCode } from './bundle.ts'

for (const { name, bytes } of loadedCode(await bundle({ outdir: 'dist' }))) {
  process.stdout.write(`${name.padEnd(32)} ${(bytes / 1024).toFixed(0).padStart(6)} KiB\n`)
}
