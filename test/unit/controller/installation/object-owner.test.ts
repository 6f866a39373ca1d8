import assert from 'node:assert/strict'
import { test } from 'node:test'

import { installationAnnotation } from '../../../../src/api/names.ts'
import type { GeminiWebhookStatus } from '../../../../src/api/status.ts'
import { claimedStatus, objectOwnerOf } from '../../../../src/controller/installation/object-owner.ts'
import type { InstallationView } from '../../../../src/controller/facts/observed.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const ours = { state: 'confirmed', id: 'team-a-01', token: 'aaaaaaaa', formerTokens: ['bbbbbbbb'] } as const
const without: InstallationView = { state: 'unconfirmed', message: 'no id' }
const unconfirmed: InstallationView = {
  state: 'unconfirmed',
  message: 'made in another cluster',
  claims: { id: 'team-a-01', tokens: ['aaaaaaaa'] },
}

interface Case {
  name: string
  status?: GeminiWebhookStatus
  annotation?: string
  view?: InstallationView
  known?: boolean
  owner: 'ours' | 'claimable' | { another: string }
}

const claimed = (installationID: string, installationToken?: string): GeminiWebhookStatus => ({
  installationID,
  ...(installationToken !== undefined && { installationToken }),
})

const cases: Case[] = [
  { name: 'an object without a status is for the first to claim', owner: 'claimable' },
  { name: 'what we claimed is ours', status: claimed('team-a-01', 'aaaaaaaa'), owner: 'ours' },
  { name: 'what a version without tokens served is ours to claim', status: claimed('team-a-01'), owner: 'claimable' },
  {
    name: 'what a namespace served that we replace is ours to claim',
    status: claimed('team-a-01', 'bbbbbbbb'),
    owner: 'claimable',
  },
  { name: 'another installation', status: claimed('team-b-01', 'cccccccc'), owner: { another: 'team-b-01/cccccccc' } },
  { name: 'another one of a version without tokens', status: claimed('team-b-01'), owner: { another: 'team-b-01' } },
  {
    name: 'another one with our id, in another namespace',
    status: claimed('team-a-01', 'cccccccc'),
    owner: { another: 'team-a-01/cccccccc' },
  },
  {
    name: 'the annotation gives us what another one claimed',
    status: claimed('team-b-01', 'cccccccc'),
    annotation: 'team-a-01',
    owner: 'claimable',
  },
  {
    name: 'the annotation gives away what we claimed',
    status: claimed('team-a-01', 'aaaaaaaa'),
    annotation: 'team-b-01',
    owner: { another: 'team-b-01' },
  },
  {
    name: 'the annotation keeps a fresh object for another one',
    annotation: 'team-b-01',
    owner: { another: 'team-b-01' },
  },
  {
    name: 'an id alone does not decide between two of that id',
    status: claimed('team-a-01', 'cccccccc'),
    annotation: 'team-a-01',
    owner: { another: 'team-a-01/cccccccc' },
  },
  {
    name: 'with the token it does',
    status: claimed('team-a-01', 'cccccccc'),
    annotation: 'team-a-01/aaaaaaaa',
    owner: 'claimable',
  },
  {
    name: 'with the token of the other it does as well',
    status: claimed('team-a-01', 'aaaaaaaa'),
    annotation: 'team-a-01/cccccccc',
    owner: { another: 'team-a-01/cccccccc' },
  },
  {
    name: 'once taken over it stays',
    status: claimed('team-a-01', 'aaaaaaaa'),
    annotation: 'team-a-01',
    owner: 'ours',
  },
  { name: 'an empty annotation is none', status: claimed('team-a-01', 'aaaaaaaa'), annotation: '', owner: 'ours' },
  {
    name: 'without an id of its own, an installation writes nothing that another one claimed',
    view: without,
    status: claimed('team-b-01', 'cccccccc'),
    owner: { another: 'team-b-01/cccccccc' },
  },
  {
    name: 'one that lost its id tells what its own receivers serve',
    view: without,
    status: claimed('team-b-01', 'cccccccc'),
    known: true,
    owner: 'ours',
  },
  { name: 'and a fresh object', view: without, owner: 'ours' },
  {
    name: 'one that is not confirmed tells what carries the id that it was restored with',
    view: unconfirmed,
    status: claimed('team-a-01', 'aaaaaaaa'),
    owner: 'ours',
  },
  {
    name: 'but nothing that another one of that id serves',
    view: unconfirmed,
    status: claimed('team-a-01', 'cccccccc'),
    owner: { another: 'team-a-01/cccccccc' },
  },
  {
    name: 'nor what a person gave to another one',
    view: unconfirmed,
    annotation: 'team-b-01',
    owner: { another: 'team-b-01' },
  },
]

for (const { name, status, annotation, view = ours, known = false, owner } of cases) {
  test(`who serves the object: ${name}`, () => {
    const annotations = annotation === undefined ? {} : { [installationAnnotation]: annotation }
    const webhook = aWebhook()
      .metadata({ annotations })
      .status(status ?? {})
    const found = objectOwnerOf(webhook.build(), view, known)
    assert.deepEqual(found, typeof owner === 'string' ? { type: owner } : { type: 'another', name: owner.another })
  })
}

test('a claim keeps the status as it is, and whose the object was', () => {
  const { status } = aWebhook().registered().status(claimed('team-b-01', 'cccccccc')).build()
  const after = claimedStatus(status, ours)
  assert.deepEqual(after.formerInstallation, { id: 'team-b-01', token: 'cccccccc' })
  assert.equal(after.installationID, 'team-a-01')
  assert.equal(after.installationToken, 'aaaaaaaa')
  assert.equal(after.observedGeneration, status?.observedGeneration)
  assert.equal(after.webhook?.id, status?.webhook?.id)
  assert.equal(after.webhook?.keyFingerprint, undefined, 'it is made with the id, and would look like another key')
})

test('a first claim, and one that only adds the token, come from nobody', () => {
  assert.deepEqual(claimedStatus(undefined, ours), { installationID: 'team-a-01', installationToken: 'aaaaaaaa' })
  const { status } = aWebhook().registered().status(claimed('team-a-01')).build()
  const after = claimedStatus(status, ours)
  assert.equal(after.formerInstallation, undefined)
  assert.deepEqual(after.webhook, status?.webhook)
})
