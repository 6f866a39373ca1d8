import assert from 'node:assert/strict'
import { request } from 'undici'

interface Listed {
  deadLetters: { deliveryId: string; reason: string }[]
}

const headers = { 'x-gwh-admin': '1' }

/**
 * Sends again what was parked because its receiver was killed three times during it, as a person would, through the
 * admin port. Returns how many; fails when something was given up for any other reason.
 */
export async function replayCrashed(adminPort: number | undefined): Promise<number> {
  const url = `http://127.0.0.1:${adminPort}/v1`
  const { deadLetters } = (await (await request(`${url}/deadletters`, { headers })).body.json()) as Listed
  const otherwise = deadLetters.filter(({ reason }) => reason !== 'CrashedRepeatedly')
  assert.deepEqual(otherwise, [], 'given up, though the sink would have taken it')
  if (deadLetters.length === 0) return 0
  const deliveryIds = deadLetters.map(({ deliveryId }) => deliveryId)
  const answer = await request(`${url}/replay`, { method: 'POST', headers, body: JSON.stringify({ deliveryIds }) })
  const { replayed } = (await answer.body.json()) as { replayed: string[] }
  return replayed.length
}
