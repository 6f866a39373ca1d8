import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { bundle } from '../../tools/bundle.ts'
import { measureStart, measuredRoles } from '../../tools/image/measure-start.ts'

const tries = 3

const outdir = mkdtempSync(join(tmpdir(), 'gwh-start-time-'))
before(() => bundle({ outdir, sourceMaps: false }))
after(() => rmSync(outdir, { recursive: true }))

for (const role of measuredRoles) {
  test(`gwh ${role} becomes ready; how fast is told, not judged: below a second is the aim`, async (t) => {
    const times: number[] = []
    // Rejects when the program ends, or does not answer, instead of becoming ready.
    while (times.length < tries) times.push(await measureStart(join(outdir, 'gwh.mjs'), role))
    t.diagnostic(`ready after ${times.map((ms) => `${Math.round(ms)} ms`).join(', ')}`)
  })
}

test('a program that ends at once is told with what it said', async () => {
  await assert.rejects(measureStart(join(outdir, 'missing.mjs'), 'receiver'), /ended before it was ready[\s\S]*missing/)
})
