// node verify.ts ID TIMESTAMP SIGNATURE < BODY, with the secret in WEBHOOK_SECRET: ends with 0 when it is genuine.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'

const toleranceSeconds = 300

export function verify(secret: string, id: string, timestamp: string, signatures: string, body: Buffer): boolean {
  const age = Date.now() / 1000 - Number(timestamp)
  if (!/^\d+$/.test(timestamp) || Math.abs(age) > toleranceSeconds) return false
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
  return signatures.split(' ').some((entry) => {
    const [version, text = ''] = entry.split(',')
    const given = Buffer.from(text, 'base64')
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
  })
}

const [id = '', timestamp = '', signatures = ''] = process.argv.slice(2)
const isGenuine = verify(process.env['WEBHOOK_SECRET'] ?? '', id, timestamp, signatures, readFileSync(0))
process.exitCode = isGenuine ? 0 : 1
