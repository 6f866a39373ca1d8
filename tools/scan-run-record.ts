/**
 * `node tools/scan-run-record.ts FOLDER`: fails when a secret that the test run used stands in one of the logs that the
 * run wrote. An empty record is a failure too: then nothing was proven.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { needlesOf } from './secret-needles.ts'

const folder = process.argv[2]
if (folder === undefined) {
  process.stderr.write('usage: node tools/scan-run-record.ts FOLDER\n')
  process.exit(2)
}

const secrets = [
  ...new Set(
    readFileSync(join(folder, 'secrets.txt'), 'utf8')
      .split('\n')
      .filter((line) => line.length >= 8),
  ),
]
const logs = readdirSync(folder).filter((name) => name.endsWith('.log'))
const needles = secrets.flatMap(needlesOf)

let bytes = 0
const leaks: string[] = []
for (const name of logs) {
  const lines = readFileSync(join(folder, name), 'utf8').split('\n')
  lines.forEach((line, index) => {
    bytes += line.length + 1
    if (needles.some((needle) => line.includes(needle))) leaks.push(`${name}:${index + 1}`)
  })
}

process.stdout.write(
  `scanned ${logs.length} logs (${bytes} bytes) for ${secrets.length} secrets: ${leaks.length} leaks\n`,
)
if (secrets.length === 0 || bytes === 0) {
  process.stderr.write('the run recorded no secrets or no logs: nothing was proven\n')
  process.exit(1)
}
if (leaks.length > 0) {
  process.stderr.write(`secrets stand in: ${leaks.slice(0, 20).join(', ')}\n`)
  process.exit(1)
}
