import type { Combination } from './combinations.ts'

/** What must hold in the end, where the service lets it. */
export interface Expectation {
  /** `type: status/reason` of every condition. */
  conditions: Readonly<Record<string, string>>
  /** `applied`: one webhook as the spec says. `unchanged`: as it was before. `none`: nothing at Google. */
  webhook: 'applied' | 'unchanged' | 'none'
  /** The operation's effect is there. */
  effect: boolean
}

const fine = 'True/Succeeded'
const healthy = {
  Ready: fine,
  CredentialsValid: fine,
  Registered: fine,
  SecretAvailable: fine,
  InSync: fine,
  Enabled: fine,
  EndpointVerified: fine,
  SinksResolved: fine,
  SinksHealthy: fine,
}
/** Google had it disabled, and no backfill looks at what it did not deliver meanwhile. */
const enabledAgain = { ...healthy, DeliveriesComplete: 'False/DisabledByGoogle' }
const disabled = { ...healthy, Enabled: 'False/DisabledBySpec', EndpointVerified: 'Unknown/DisabledBySpec' }

const unregistered = {
  ...healthy,
  SecretAvailable: 'Unknown/Progressing',
  InSync: 'Unknown/Progressing',
  Enabled: 'Unknown/Progressing',
  EndpointVerified: 'Unknown/CheckPending',
}

const stalled = (conditions: typeof healthy) => ({
  ...conditions,
  Ready: 'False/RemoteRejected',
  Stalled: 'True/RemoteRejected',
})

/** What some settings make impossible, whatever the fault; the reasons are those of docs/reference/conditions.md. */
const exceptions: readonly (Expectation & { operation: string; setting: string })[] = [
  {
    operation: 'create',
    setting: 'maxNameCharacters=39',
    conditions: {
      ...stalled(unregistered),
      Registered: 'False/Progressing',
    },
    webhook: 'none',
    effect: false,
  },
  {
    operation: 'update',
    setting: 'maxNameCharacters=39',
    conditions: { ...stalled(healthy), InSync: 'False/UpdatePending' },
    webhook: 'unchanged',
    effect: false,
  },
  {
    operation: 'enable again',
    setting: 'reenableByUpdate=refused',
    conditions: { ...stalled(enabledAgain), Enabled: 'False/DisabledByGoogle' },
    webhook: 'unchanged',
    effect: false,
  },
  {
    operation: 'rotate while disabled',
    setting: 'rotateWhileDisabled=refused',
    conditions: stalled(disabled),
    webhook: 'unchanged',
    effect: false,
  },
]

export function expectationFor({ operation, setting }: Combination): Expectation {
  const exception = exceptions.find((one) => one.operation === operation.name && one.setting === setting.name)
  if (exception !== undefined) return exception
  return {
    conditions: conditionsAfter(operation),
    webhook: operation.name === 'delete' ? 'none' : 'applied',
    effect: true,
  }
}

function conditionsAfter({ name, spec }: Combination['operation']): Expectation['conditions'] {
  if (name === 'enable again') return enabledAgain
  return spec?.state === 'Disabled' ? disabled : healthy
}
