import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What a test run leaves for `tools/scan-run-record.ts`: the logs of every process it started, and every secret it
 * used. The scan fails when one stands in the other. Without `GWH_RUN_RECORD` nothing is kept.
 */
export const recordFolder = process.env['GWH_RUN_RECORD']

export function recordSecret(secret: string): void {
  append('secrets.txt', `${secret}\n`)
}

export function recordLog(name: string, text: string): void {
  append(`${name}.log`, text)
}

function append(file: string, text: string): void {
  if (recordFolder === undefined) return
  mkdirSync(recordFolder, { recursive: true })
  appendFileSync(join(recordFolder, file), text)
}
