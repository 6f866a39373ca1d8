import assert from 'node:assert/strict'
import { test } from 'node:test'

import { deleteWebhooks } from '../../../../src/cli/uninstall/delete-webhooks.ts'
import type { HeldObject } from '../../../../src/cli/uninstall/judge-uninstall.ts'
import { KubernetesApiError, type KubernetesClient, type ObjectKey } from '../../../../src/kubernetes/client.ts'
import { sleep } from '../../../../src/clock.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'

const held = (name: string): HeldObject => ({
  namespace: 'ml',
  name,
  uid: name,
  isRetained: false,
  isLeaving: false,
  isClaimed: true,
})
const away = new KubernetesApiError({ status: 0, reason: 'Unreachable', message: 'get ml/a: no answer' })

/** `answers`: of each look at an object, in turn; the last one stays. */
function aDeletion(
  answers: readonly ('there' | 'gone' | 'anew' | 'away')[],
  { waitMs = 60_000, given = {} }: { waitMs?: number; given?: Partial<HeldObject> } = {},
) {
  const clock = new FakeClock()
  const pause = (delayMs: number) => sleep(clock, delayMs)
  const left = [...answers]
  const deletions: unknown[] = []
  const client = {
    delete: (_kind: unknown, { name }: ObjectKey, options: unknown) => {
      deletions.push([name, options])
      return Promise.resolve()
    },
    get: (_kind: unknown, { namespace, name }: ObjectKey) => {
      const answer = left.length > 1 ? left.shift() : left[0]
      if (answer === 'away') return Promise.reject(away)
      const uid = answer === 'anew' ? 'another' : name
      return Promise.resolve(answer === 'gone' ? undefined : { metadata: { namespace, name, uid } })
    },
  } as unknown as KubernetesClient
  return { deletions, clock, ended: deleteWebhooks([{ ...held('a'), ...given }], { client, clock, pause, waitMs }) }
}

test('an API server that does not answer for a while does not end the wait for the controller', async () => {
  const { ended, clock, deletions } = aDeletion(['there', 'away', 'away', 'gone'])
  await clock.advance({ seconds: 10 })
  assert.deepEqual(await ended, { deleted: ['ml/a'], remaining: [] })
  assert.deepEqual(deletions, [['a', { preconditions: { uid: 'a' } }]])
})

test('one that does not come back is why the object may be there still, and no longer than was asked', async () => {
  const { ended, clock } = aDeletion(['there', 'away'], { waitMs: 5_000 })
  await clock.advance({ seconds: 6 })
  assert.deepEqual(await ended, { deleted: [], remaining: [{ object: 'ml/a', why: away.message }] })
})

test('one that was made anew is another object', async () => {
  const { ended } = aDeletion(['anew'])
  assert.deepEqual(await ended, { deleted: ['ml/a'], remaining: [] })
})

test('what nobody has claimed is not deleted: another installation may be about to', async () => {
  const { ended, deletions } = aDeletion(['there'], { given: { isClaimed: false } })
  const { deleted, remaining } = await ended
  assert.deepEqual([deleted, deletions], [[], []])
  assert.match(remaining[0]?.why ?? '', /^no installation has claimed it/)
})
