/** `npm run generate`: writes every generated file that is committed. Each generator is one function from sources to path -> text. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { generateCrd } from './generate-crd.ts'

const generators: (() => Record<string, string>)[] = [generateCrd]

for (const generate of generators) {
  for (const [path, text] of Object.entries(generate())) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    process.stdout.write(`${path}: ${text.length} bytes\n`)
  }
}
