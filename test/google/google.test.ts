import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'

import type { ConformanceReport } from '../../src/conformance/report.ts'

/**
 * The real service is asked by the command that people have; its flags come from GWH_CONFORMANCE_FLAGS, such as
 * `--public-url=https://... --with-jobs`.
 */
const {
  GEMINI_API_KEY: apiKey = '',
  GWH_CONFORMANCE_FLAGS: flags = '',
  GWH_CONFORMANCE_FILE: name = 'google-answers.json',
  GOOGLE_GEMINI_BASE_URL: baseUrl,
} = process.env
const file = resolve(name)

const skip = apiKey === '' ? 'needs GEMINI_API_KEY, of a project whose webhooks may be made and deleted' : false

describe('the real WebhookService', { skip }, () => {
  test('keeps what the client relies on; what it does is in google-answers.json', async (t) => {
    const args = ['src/main.ts', 'conformance', `--file=${file}`, ...flags.split(/\s+/).filter((flag) => flag !== '')]
    if (baseUrl !== undefined && baseUrl !== '') args.push(`--google-base-url=${baseUrl}`)
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith('GWH_'))
    const child = spawn(process.execPath, args, {
      env: Object.fromEntries(others),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const table: string[] = []
    child.stdout.setEncoding('utf8').on('data', (text: string) => table.push(text))
    const [code] = (await once(child, 'close')) as [number | null]
    t.diagnostic(table.join(''))
    const report = JSON.parse(await readFile(file, 'utf8')) as ConformanceReport
    assert.deepEqual(
      report.promises.filter(({ problem }) => problem !== undefined),
      [],
    )
    assert.equal(code, 0, 'no flag says that an answer has changed')
  })
})
