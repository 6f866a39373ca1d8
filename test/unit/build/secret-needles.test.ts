import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { needlesOf } from '../../../tools/secret-needles.ts'

test('a signing secret is looked for with and without its prefix, any other text as it is', () => {
  assert.deepEqual(needlesOf('whsec_0123456789'), ['whsec_0123456789', '0123456789'])
  assert.deepEqual(needlesOf('a-token-of-a-sink'), ['a-token-of-a-sink'])
})

const url = 'https://chat.example.com/services/T000/the-long-part-of-it?sig=another-long%2Fpart-of-it'

test('of a URL everything beyond its host is looked for, whole and in its long parts, and never the host alone', () => {
  assert.deepEqual(needlesOf(url), [
    url,
    '/services/T000/the-long-part-of-it?sig=another-long%2Fpart-of-it',
    'the-long-part-of-it',
    'another-long%2Fpart-of-it',
    'another-long/part-of-it',
  ])
  assert.deepEqual(needlesOf('https://chat.example.com/'), ['https://chat.example.com/'])
})

const leaks: { log: string; code: number }[] = [
  { log: '{"address":"https://chat.example.com"}', code: 0 },
  { log: `{"message":"POST ${url} failed"}`, code: 1 },
  { log: '{"path":"/services/T000/the-long-part-of-it?sig=another-long%2Fpart-of-it"}', code: 1 },
  { log: '{"message":"no answer of …/the-long-part-of-it"}', code: 1 },
]
for (const { log, code } of leaks) {
  test(`the scan of a run ends with ${code} for ${log.slice(0, 40)}`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gwh-scan-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'secrets.txt'), `${url}\n`)
    writeFileSync(join(folder, 'receiver.log'), `${log}\n`)
    const { status, stderr } = spawnSync(process.execPath, ['tools/scan-run-record.ts', folder], { encoding: 'utf8' })
    assert.equal(status, code, stderr)
  })
}
