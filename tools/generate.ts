/** `npm run generate`: writes every generated file that is committed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { generators } from './generators.ts'

for (const generate of generators) {
  for (const [path, text] of Object.entries(generate())) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    process.stdout.write(`${path}: ${text.length} bytes\n`)
  }
}
