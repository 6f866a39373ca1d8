import assert from 'node:assert/strict'
import { test } from 'node:test'

import { judgeOrphan, type OrphanSituation } from '../../../../src/cli/orphans/judge-orphan.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const marker = 'gwh:0123456789ab'
const another = 'gwh:ffffffffffff'
const record = { namespace: 'ml', name: 'batch-events', id: 'wh_1' }
const ofUnknownId = { namespace: 'ml', name: 'batch-events' }

const situation: OrphanSituation = {
  record,
  remotes: [{ id: 'wh_1', name: `${marker} Batch events` }],
  identity: { marker, token: '0a1b2c3d', formerTokens: [] },
  hasSeenIt: true,
  acceptMissing: false,
  webhooks: [],
}

/** An object of that name as it stands in the cluster. */
function anObject(name: string, given: { id?: string; externalID?: string } = {}) {
  const { metadata, spec } = aWebhook().build()
  return {
    metadata: { ...metadata, namespace: 'ml', name },
    spec: { ...spec, ...(given.externalID !== undefined && { externalID: given.externalID }) },
    status: given.id === undefined ? {} : { webhook: { id: given.id } },
  }
}

const cases: { name: string; given: Partial<OrphanSituation>; want: string[] | 'Gone' | RegExp; because: string }[] = [
  {
    name: 'what carries the marker of the object is deleted',
    given: {},
    want: ['wh_1'],
    because: 'it was made for that object, which is gone',
  },
  {
    name: 'what carries no marker is deleted by the id that was noted',
    given: { remotes: [{ id: 'wh_1', name: 'renamed by hand' }] },
    want: ['wh_1'],
    because: 'the record names it',
  },
  {
    name: 'what carries another marker stays',
    given: { remotes: [{ id: 'wh_1', name: `${another} Batch events` }] },
    want: /marker gwh:ffffffffffff of another object or installation/,
    because: 'somebody took it over meanwhile',
  },
  {
    name: 'what another installation of the same id registered stays',
    given: { remotes: [{ id: 'wh_1', name: `${marker} @ffffffff Batch events` }] },
    want: /marker gwh:0123456789ab @ffffffff of another object or installation/,
    because: 'a second cluster with the same Helm values relies on it',
  },
  {
    name: 'what carries the token of this installation is deleted',
    given: { remotes: [{ id: 'wh_1', name: `${marker} @0a1b2c3d Batch events` }] },
    want: ['wh_1'],
    because: 'it was made here',
  },
  {
    name: 'what carries any marker stays while the installation is not confirmed',
    given: { identity: undefined },
    want: /whose that is cannot be told/,
    because: 'a cloned cluster must not delete what the original relies on',
  },
  {
    name: 'what carries no marker goes even so',
    given: { identity: undefined, remotes: [{ id: 'wh_1' }] },
    want: ['wh_1'],
    because: 'no installation claims it',
  },
  {
    name: 'a 404 for the key that saw the webhook is its end',
    given: { remotes: [] },
    want: 'Gone',
    because: 'the project of that key had it and has it no more',
  },
  {
    name: 'a 404 for another key proves nothing',
    given: { remotes: [], hasSeenIt: false },
    want: /may be in another project.*--accept-missing/,
    because: 'every project answers 404 to what is in another one',
  },
  {
    name: 'a person may say that it is gone',
    given: { remotes: [], hasSeenIt: false, acceptMissing: true },
    want: 'Gone',
    because: 'the former key may never come back',
  },
  {
    name: 'a key that never saw the webhook may delete it where it finds it',
    given: { hasSeenIt: false },
    want: ['wh_1'],
    because: 'another key of the same project is as good',
  },
  {
    name: 'an object that took it back keeps it',
    given: { webhooks: [anObject('batch-events', { id: 'wh_1' })] },
    want: /GeminiWebhook ml\/batch-events uses it/,
    because: 'abandoned and made again, an object finds its webhook by the marker',
  },
  {
    name: 'an object of another name that adopts it keeps it',
    given: { webhooks: [anObject('other', { externalID: 'wh_1' })], remotes: [{ id: 'wh_1' }] },
    want: /GeminiWebhook ml\/other uses it/,
    because: 'spec.externalID names it, registered or not',
  },
  {
    name: 'an entry is not removed while an object uses what Google seems not to have',
    given: { webhooks: [anObject('batch-events', { id: 'wh_1' })], remotes: [], acceptMissing: true },
    want: /uses it/,
    because: 'that the object finds it shows that this key looks in the wrong project',
  },
  {
    name: 'an object that is not registered yet may take it back',
    given: { webhooks: [anObject('batch-events')] },
    want: /exists again and may take it back/,
    because: 'its controller may be about to',
  },
  {
    name: 'an object that has a webhook of its own does not hold the former one',
    given: { webhooks: [anObject('batch-events', { id: 'wh_2' })] },
    want: ['wh_1'],
    because: 'its API key moved to another project',
  },
  {
    name: 'other objects do not matter',
    given: { webhooks: [anObject('other', { id: 'wh_3' }), anObject('unregistered')] },
    want: ['wh_1'],
    because: 'neither its name nor its id is theirs',
  },
  {
    name: 'of an unknown id, everything with the marker is deleted',
    given: {
      record: ofUnknownId,
      remotes: [
        { id: 'wh_8', name: marker },
        { id: 'wh_9', name: marker },
      ],
    },
    want: ['wh_8', 'wh_9'],
    because: 'nothing else was made for that object',
  },
  {
    name: 'of an unknown id, nothing is deleted while an object of that name lives',
    given: {
      record: ofUnknownId,
      remotes: [{ id: 'wh_8', name: marker }],
      webhooks: [anObject('batch-events', { id: 'wh_2' })],
    },
    want: /exists again/,
    because: 'marker and name are the same, and its controller removes twins itself',
  },
  {
    name: 'of an unknown id that is not found, nothing is proven',
    given: { record: ofUnknownId, remotes: [], hasSeenIt: false },
    want: /--accept-missing/,
    because: 'no key is known to have seen it',
  },
]

for (const { name, given, want, because } of cases) {
  test(`orphans: ${name}`, () => {
    const verdict = judgeOrphan({ ...situation, ...given })
    if (want instanceof RegExp) assert.match(verdict.type === 'Refuse' ? verdict.why : verdict.type, want, because)
    else if (want === 'Gone') assert.deepEqual(verdict, { type: 'Gone' }, because)
    else assert.deepEqual(verdict, { type: 'Delete', ids: want }, because)
  })
}
