import * as z from 'zod'

import type { Setting } from './setting.ts'

/**
 * Of one namespace, or of every other one (`*`): how much it counts beside others, and the most of any total that it
 * may ever take.
 */
interface GivenQuota {
  readonly namespace: string
  readonly weight: number
  readonly maxShare: number
}

/** As many as an installation may have namespaces that are not like the others. */
const maxQuotas = 1_000

const form = /^(\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)=([1-9]\d?|100)(?::([1-9]\d?|100)%)?$/

const entry = z.string().transform((text, context): GivenQuota => {
  const [, namespace, weight, percent = '100'] = form.exec(text) ?? []
  if (namespace !== undefined) return { namespace, weight: Number(weight), maxShare: Number(percent) / 100 }
  context.addIssue({
    code: 'custom',
    message:
      'is not a quota such as ml=4:50%, or *=1:50% for namespaces that are not named: a weight from 1 to 100, and, if wanted, the ' +
      'most of any total, from 1% to 100%',
  })
  return z.NEVER
})

const schema = z
  .array(entry)
  .max(maxQuotas, `has more than ${maxQuotas} entries`)
  .superRefine((quotas, context) => {
    const named = new Set<string>()
    for (const [at, { namespace }] of quotas.entries()) {
      if (named.has(namespace)) {
        context.addIssue({ code: 'custom', path: [at], message: `names ${namespace} a second time; leave one out` })
      }
      named.add(namespace)
    }
  })

const quotas: Setting<readonly GivenQuota[]> = {
  group: 'Fairness',
  help: 'Shares of namespaces in the resources that they have in common, as NAMESPACE=WEIGHT:PERCENT%; * is every namespace that is not named. A weight of 4 gets four times the share of a weight of 1; a namespace with 50% never has more than half, even if no other namespace needs anything. Not named: weight 1, and all that fairness allows.',
  placeholder: 'QUOTA,...',
  shape: 'list',
  schema,
  presence: { type: 'default', text: '' },
}

export const quotaSettings = { quotas } as const
