import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ActionState } from '../../../../src/controller/apply/action-state.ts'
import { writeKeyring } from '../../../../src/controller/apply/actions/write-keyring.ts'
import type { PassContext } from '../../../../src/controller/apply/pass-context.ts'
import type { KeyringEntry } from '../../../../src/contract/keyring/entry.ts'
import { aPass } from '../../../support/worlds/a-pass.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { anObservation, currentSecret, live } from '../../../support/builders/an-observation.ts'

/** An object whose receivers remember jobs for `remembered` seconds, and are to remember them for `wanted`. */
function given({ since, remembered, wanted }: { since?: string; remembered?: number; wanted: number }): ActionState {
  const backfill = { total: 3, ...(since !== undefined && { since }) }
  const webhook = aWebhook().registered().status({ backfill }).build()
  const observed = anObservation().build()
  const { keyring } = observed
  assert.ok(keyring)
  const known = { ...keyring, ...(remembered !== undefined && { foldJobsForSeconds: remembered }) }
  return {
    webhook,
    observed: { ...observed, keyring: known, foldJobsForSeconds: wanted },
    draft: webhook.status ?? {},
    events: [],
  }
}

async function written(state: ActionState) {
  const entries: KeyringEntry[] = []
  const write = async (entry: KeyringEntry) => void entries.push(entry)
  const pass = aPass({ keyring: { write } as unknown as PassContext['keyring'] })
  const after = await writeKeyring(state, pass, [live(currentSecret)])
  return { seconds: entries.map(({ foldJobsForSeconds }) => foldJobsForSeconds), backfill: after.draft.backfill }
}

const since = '2026-11-01T00:00:00Z'

test('receivers are told to remember for longer only once status does not say since when they do', async () => {
  for (const remembered of [3_600, undefined]) {
    const first = given({ since, wanted: 7_200, ...(remembered !== undefined && { remembered }) })
    assert.deepEqual(await written(first), { seconds: [remembered], backfill: { total: 3 } })
  }
  assert.deepEqual(await written(given({ remembered: 3_600, wanted: 7_200 })), {
    seconds: [7_200],
    backfill: { total: 3 },
  })
})

test('a memory that is not longer is told at once, and begins nothing anew', async () => {
  for (const wanted of [1_800, 3_600]) {
    const told = { seconds: [wanted], backfill: { total: 3, since } }
    assert.deepEqual(await written(given({ since, remembered: 3_600, wanted })), told)
  }
})
