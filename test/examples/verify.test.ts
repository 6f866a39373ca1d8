import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { signatureHeader } from '../../src/signature/sign.ts'
import { decodeSigningSecret } from '../../src/signature/signing-secret.ts'

const javaClasses = mkdtempSync(join(tmpdir(), 'gwh-verify-java-'))
after(() => rmSync(javaClasses, { recursive: true, force: true }))

/** Each as its page says; where compiling takes most of a run, `compiled` from the second case on. */
const languages = [
  { name: 'TypeScript', command: [process.execPath, 'verify.ts'] },
  { name: 'Python', command: ['python3', 'verify.py'] },
  { name: 'Go', command: ['go', 'run', 'verify.go'] },
  {
    name: 'Java',
    command: ['java', 'Verify.java'],
    needs: 'javac',
    compile: ['-d', javaClasses, 'Verify.java'],
    compiled: ['java', '-cp', javaClasses, 'Verify'],
  },
  { name: 'Shell', command: ['bash', 'verify.sh'], needs: 'openssl' },
] as const

function isOnPath(program: string): boolean {
  if (program.startsWith('/')) return true
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

const secret = `whsec_${randomBytes(32).toString('base64')}`
const strangersSecret = `whsec_${randomBytes(32).toString('base64')}`
/** With bytes that no text has: a program that decodes the body first refuses what is genuine. */
const body = Buffer.concat([
  Buffer.from('{"type":"batch.succeeded","data":{"id":"Größe %s \\n"}}\n\n'),
  Buffer.from([0xff, 0x00]),
])
const id = 'msg_6c7c4f0e'
const nowSeconds = () => Math.floor(Date.now() / 1000)

/** As the receiver signs. */
function signatureOf(key: string, timestamp: number, signed: Buffer): string {
  const decoded = decodeSigningSecret(key)
  assert.ok(decoded.ok)
  return signatureHeader({ id, timestamp: String(timestamp) }, signed, [decoded.value])
}

const cases = [
  { name: 'what is genuine', genuine: true },
  { name: 'a genuine signature among others', genuine: true, around: (own: string) => `v1a,AAAA v1,AAAA ${own} v2,x` },
  { name: 'a body of text', genuine: true, sent: Buffer.from('{}') },
  { name: 'an empty body', genuine: true, sent: Buffer.alloc(0) },
  { name: 'a body that was changed', genuine: false, tamper: true },
  { name: 'the signature of somebody else', genuine: false, key: strangersSecret },
  {
    name: 'a genuine signature of another version',
    genuine: false,
    around: (own: string) => own.replace('v1,', 'v2,'),
  },
  { name: 'no signature', genuine: false, around: () => '' },
  { name: 'what is genuine, but ten minutes old', genuine: false, ageSeconds: 600 },
  { name: 'what is genuine, but from the future', genuine: false, ageSeconds: -600 },
  { name: 'what is genuine and four minutes old', genuine: true, ageSeconds: 240 },
  { name: 'a timestamp that is no number', genuine: false, stamp: (seconds: number) => `${seconds}abc` },
] as const

for (const { name, command, ...rest } of languages) {
  const missing = [command[0], ...('needs' in rest ? [rest.needs] : [])].find((program) => !isOnPath(program))
  void describe(`verification in ${name}`, { skip: missing !== undefined && `no ${missing} on PATH` }, () => {
    before(() => {
      if (!('compile' in rest)) return
      const { status, stderr } = spawnSync('javac', rest.compile, { cwd: 'examples/verify' })
      assert.equal(status, 0, stderr.toString())
    })
    for (const [at, each] of cases.entries()) {
      const given: {
        genuine: boolean
        around?: (own: string) => string
        sent?: Buffer
        tamper?: boolean
        key?: string
        ageSeconds?: number
        stamp?: (seconds: number) => string
      } = each
      test(`${given.genuine ? 'takes' : 'refuses'} ${each.name}`, () => {
        const { around = (own) => own, sent = body, ageSeconds = 0, key = secret, stamp = String } = given
        const timestamp = nowSeconds() - ageSeconds
        const signatures = around(signatureOf(key, timestamp, sent))
        const input = given.tamper === true ? Buffer.concat([sent, Buffer.from(' ')]) : sent
        const run = at > 0 && 'compiled' in rest ? rest.compiled : command
        const [program, ...args] = [...run, id, stamp(timestamp), signatures]
        const env = { ...process.env, WEBHOOK_SECRET: secret }
        const { status, stderr } = spawnSync(program, args, { cwd: 'examples/verify', input, env })
        assert.equal(status, given.genuine ? 0 : 1, stderr.toString())
      })
    }
  })
}
