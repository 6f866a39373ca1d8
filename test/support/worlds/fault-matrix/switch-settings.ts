import type { SwitchChanges, Switches } from '../../../../playground/webhook-service/switches.ts'

/** One way in which the service may be other than by default, and the operations that could notice. */
export interface Setting {
  name: string
  changes: SwitchChanges
  /** `operation`: only once it begins, where what comes before could not happen under it. */
  from: 'start' | 'operation'
}

interface Touch {
  operations: 'all' | readonly string[]
  settings: readonly (SwitchChanges & { from?: 'operation' })[]
}

const rotations = ['rotate', 'immediate rotate', 'rotate while disabled']
const revealing = [
  ...rotations,
  'create',
  'adopt',
  'repair after a rotation by another hand',
  'repair of a lost secret',
]
const rotating = revealing.filter((operation) => operation !== 'create')
const checking = revealing.filter((operation) => operation !== 'rotate while disabled').concat('enable again')
const addressing = ['create', 'update', 'adopt']
const disabled = ['rotate while disabled', 'enable again']
const updating = ['update', 'adopt', 'enable again']

const forDeliveries = 'what becomes of deliveries; no operation waits for more than one ping'
const forBodies = 'what stands in the bodies of events'
const forJobs = 'webhooks of single jobs, which are never registered'
const forBatchLists = 'how batches are listed; no operation of the matrix lists them'
const refusedUri = (key: keyof SwitchChanges): Touch => ({ operations: addressing, settings: [{ [key]: 'refused' }] })

/**
 * Every switch of the simulator: which operations it touches, with which values besides its default; or why it touches
 * none.
 */
const touches: Readonly<Record<keyof Switches, Touch | string>> = {
  pingType: { operations: checking, settings: [{ pingType: 'webhook.ping' }] },
  pingBody: { operations: checking, settings: [{ pingBody: 'envelopeWithId' }, { pingBody: 'emptyObject' }] },
  pingWhenDisabled: { operations: disabled, settings: [{ pingWhenDisabled: 'delivered' }] },
  pingResults: { operations: checking, settings: [{ pingResults: 'counted' }] },

  autoDisable: { operations: ['enable again'], settings: [{ autoDisable: 'afterWindow' }, { autoDisable: 'off' }] },
  autoDisableFailures: 'counts failed deliveries; here another hand disables, and the endpoint is well',
  autoDisableWindowMs: 'counts failed deliveries; here another hand disables, and the endpoint is well',
  reenableByUpdate: { operations: ['enable again'], settings: [{ reenableByUpdate: 'refused', from: 'operation' }] },
  setFailedState: { operations: updating, settings: [{ setFailedState: 'accepted' }] },
  retriesWhileDisabled: { operations: disabled, settings: [{ retriesWhileDisabled: 'held' }] },

  rotationSignatures: {
    operations: rotating,
    settings: [{ rotationSignatures: 'newOld' }, { rotationSignatures: 'newOnly' }],
  },
  secondRotation: {
    operations: rotating,
    settings: [{ secondRotation: 'oldExpiryRenewed' }, { secondRotation: 'oldestDropped' }],
  },
  rotateWhileDisabled: {
    operations: ['rotate while disabled'],
    settings: [{ rotateWhileDisabled: 'refused', from: 'operation' }],
  },
  rotateAutoDisabled: { operations: disabled, settings: [{ rotateAutoDisabled: 'reset' }] },
  signingSecretsOrder: { operations: rotating, settings: [{ signingSecretsOrder: 'oldestFirst' }] },
  maxSigningSecrets: { operations: rotating, settings: [{ maxSigningSecrets: 1 }, { maxSigningSecrets: 2 }] },
  uppercaseRevocation: { operations: rotations, settings: [{ uppercaseRevocation: 'accepted' }] },

  secretBytes: { operations: revealing, settings: [{ secretBytes: 32 }, { secretBytes: 64 }] },
  // Twenty-four bytes need no padding.
  secretPadding: { operations: revealing, settings: [{ secretPadding: 'unpadded', secretBytes: 32 }] },
  secretAlphabet: { operations: revealing, settings: [{ secretAlphabet: 'alphanumeric' }] },

  errorShape: { operations: 'all', settings: [{ errorShape: 'interactions' }] },
  invalidKey: 'what a refused API key is answered; the key of the matrix is good',
  duplicates: { operations: ['create'], settings: [{ duplicates: 'badRequest' }, { duplicates: 'conflict' }] },

  maxWebhooksPerProject: { operations: ['create', 'adopt'], settings: [{ maxWebhooksPerProject: 1 }] },
  maxUrisPerConfig: forJobs,
  maxUserMetadataBytes: forJobs,
  maxNameCharacters: {
    operations: ['create', 'update'],
    settings: [
      { maxNameCharacters: 64, from: 'operation' },
      { maxNameCharacters: 39, from: 'operation' },
    ],
  },
  // More than an operation with its fault and its resyncs needs.
  maxRequestsPerMinute: { operations: 'all', settings: [{ maxRequestsPerMinute: 60 }] },

  uriHttp: refusedUri('uriHttp'),
  uriLocalhost: refusedUri('uriLocalhost'),
  uriPrivateAddress: refusedUri('uriPrivateAddress'),
  uriPort: refusedUri('uriPort'),
  uriUserinfo: refusedUri('uriUserinfo'),
  uriQuery: refusedUri('uriQuery'),

  retryDelayMs: forDeliveries,
  retryDelayMaxMs: forDeliveries,
  retryJitter: forDeliveries,
  retryForMs: forDeliveries,
  attemptTimeoutMs: forDeliveries,
  specialAnswers: forDeliveries,
  selfSignedTls: forDeliveries,
  userAgent: forDeliveries,
  v1aOnStatic: { operations: checking, settings: [{ v1aOnStatic: 'added' }] },
  deliveryLagMs: { operations: checking, settings: [{ deliveryLagMs: 300 }] },

  userMetadataPlace: forBodies,
  userMetadataForm: forBodies,
  batchId: forBodies,
  outputFileUri: forBodies,
  videoFields: forBodies,
  cancelledEvents: forBodies,
  batchExpiry: forBodies,

  batchListOrder: forBatchLists,
  batchListMaxPageSize: forBatchLists,
  batchListLagMs: forBatchLists,
  batchListOutputs: forBatchLists,
  batchListEnd: forBatchLists,
  batchStates: forBatchLists,

  apiVersions: { operations: 'all', settings: [{ apiVersions: 'twoStores' }] },
  rotateSecretAlias: { operations: rotations, settings: [{ rotateSecretAlias: 'alias' }] },
  updateMask: { operations: updating, settings: [{ updateMask: 'honoured' }] },
  times: { operations: 'all', settings: [{ times: 'sent' }] },
  readLagMs: { operations: 'all', settings: [{ readLagMs: 300 }] },
  // The second is longer than every wait of the matrix, which no protocol survives without clearing up behind itself.
  listLagMs: { operations: 'all', settings: [{ listLagMs: 400 }, { listLagMs: 1500 }] },

  dynamicSigning: forJobs,
  jwksCacheControl: forJobs,
  jwksScope: forJobs,
  dynamicUris: forJobs,
  dynamicIds: forJobs,
  batchUserMetadata: forJobs,
  omniVideoWebhook: forJobs,
}

export const defaultSetting: Setting = { name: 'as by default', changes: {}, from: 'start' }

/** The settings to try an operation under, the defaults first. */
export function settingsFor(operation: string): Setting[] {
  const touching = Object.values(touches).flatMap((touch): Touch['settings'] => {
    if (typeof touch === 'string') return []
    return touch.operations === 'all' || touch.operations.includes(operation) ? touch.settings : []
  })
  return [
    defaultSetting,
    ...touching.map(({ from, ...changes }): Setting => {
      const name = Object.entries(changes)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(' ')
      return { name, changes, from: from ?? 'start' }
    }),
  ]
}

/** Switches that touch an operation, of all there are. */
export function countSwitches(): { touching: number; all: number } {
  const all = Object.values(touches)
  return { touching: all.filter((touch) => typeof touch !== 'string').length, all: all.length }
}
