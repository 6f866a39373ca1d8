import * as z from 'zod'

import { verbs, type Verb } from './call-log.ts'

const when = z.enum(['beforeCommit', 'afterCommit']).default('beforeCommit')

/** What can go wrong with one call. `afterCommit`: the service does it, only the answer is lost or wrong. */
const callEffectSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('latency'), ms: z.number().min(0) }),
  /** No answer ever; the connection stays open. */
  z.object({ type: z.literal('hang'), when }),
  z.object({ type: z.literal('reset'), when }),
  z.object({
    type: z.literal('status'),
    when,
    status: z.number().int().min(200).max(599),
    shape: z.enum(['rpc', 'interactions', 'html', 'empty']).default('rpc'),
    message: z.string().default('injected fault'),
    /** ErrorInfo reason, in the RPC shape. */
    reason: z.string().optional(),
    /** Header value: seconds or a date. */
    retryAfter: z.string().optional(),
  }),
  /** The call succeeds and its answer is not what was promised. */
  z.object({
    type: z.literal('garble'),
    how: z.enum(['html', 'noContentType', 'noContent', 'truncated', 'emptyObject']),
  }),
  /** This call sees the state of so long ago. */
  z.object({ type: z.literal('lag'), ms: z.number().min(0) }),
  /**
   * The answer with each occurrence of a text replaced: a renamed field, a state that nobody knows, another form of
   * id.
   */
  z.object({ type: z.literal('rewrite'), replace: z.string().min(1), by: z.string() }),
  /**
   * Of `listBatches`: so many batches came since the page before, which shows as many again; negative: went, unseen.
   */
  z.object({ type: z.literal('shiftPage'), by: z.number().int() }),
  /** Of `listBatches`: the next page is this one. */
  z.object({ type: z.literal('repeatPage') }),
])

/** What can go wrong with one delivery. */
const deliveryEffectSchema = z.discriminatedUnion('type', [
  /** Further deliveries of the same event with the same id. */
  z.object({ type: z.literal('duplicate'), copies: z.number().int().min(1).max(1000).default(1) }),
  z.object({ type: z.literal('delay'), ms: z.number().min(0) }),
  /** Sent only after the next delivery's attempt. */
  z.object({ type: z.literal('reorder') }),
  /** Lost inside the service. */
  z.object({ type: z.literal('drop') }),
  /** The body that is sent differs from the one that was signed. */
  z.object({ type: z.literal('tamper') }),
  /** The timestamp lies this far in the past, or in the future if negative; the signature is right. */
  z.object({ type: z.literal('skew'), seconds: z.number().int() }),
])

const selection = {
  /** Matching calls that are spared first. */
  skip: z.number().int().min(0).default(0),
  /** How often it strikes; 0 for as long as it is not cleared. */
  times: z.number().int().min(0).default(1),
  probability: z.number().min(0).max(1).default(1),
}

export const callFaultSchema = z.strictObject({
  verb: z.enum(['any', ...verbs]).default('any'),
  project: z.string().optional(),
  ...selection,
  effect: callEffectSchema,
})
export const deliveryFaultSchema = z.strictObject({
  webhookId: z.string().optional(),
  eventType: z.string().optional(),
  ...selection,
  effect: deliveryEffectSchema,
})

export type CallEffect = z.infer<typeof callEffectSchema>
export type DeliveryEffect = z.infer<typeof deliveryEffectSchema>
export type CallFault = z.input<typeof callFaultSchema>
export type DeliveryFault = z.input<typeof deliveryFaultSchema>

interface Rule<Subject, Effect> {
  matches: (subject: Subject) => boolean
  skip: number
  times: number
  probability: number
  effect: Effect
}

/** Rules that strike a number of times; several may strike the same call. */
class FaultPlan<Subject, Effect> {
  #rules: Rule<Subject, Effect>[] = []
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  add(rule: Rule<Subject, Effect>): void {
    this.#rules.push({ ...rule, times: rule.times === 0 ? Infinity : rule.times })
  }

  clear(): void {
    this.#rules = []
  }

  /** The effects that strike this time; each rule is used up by it. */
  strike(subject: Subject): Effect[] {
    const struck: Effect[] = []
    for (const rule of this.#rules) {
      if (!rule.matches(subject)) continue
      if (rule.skip > 0) rule.skip--
      else if (this.#random() < rule.probability) {
        rule.times--
        struck.push(rule.effect)
      }
    }
    this.#rules = this.#rules.filter(({ times }) => times > 0)
    return struck
  }
}

interface CallSubject {
  verb: Verb
  project: string | undefined
}
interface DeliverySubject {
  webhookId: string | undefined
  type: string
}

/** Faults of the control plane and of the data plane. Throws a ZodError on a fault that is none. */
export class Faults {
  readonly #calls: FaultPlan<CallSubject, CallEffect>
  readonly #deliveries: FaultPlan<DeliverySubject, DeliveryEffect>

  constructor(random: () => number) {
    this.#calls = new FaultPlan(random)
    this.#deliveries = new FaultPlan(random)
  }

  addCallFault(fault: CallFault): void {
    const { verb, project, ...rule } = callFaultSchema.parse(fault)
    const matches = (call: CallSubject) =>
      (verb === 'any' || verb === call.verb) && (project === undefined || project === call.project)
    this.#calls.add({ ...rule, matches })
  }

  addDeliveryFault(fault: DeliveryFault): void {
    const { webhookId, eventType, ...rule } = deliveryFaultSchema.parse(fault)
    const matches = (delivery: DeliverySubject) =>
      (webhookId === undefined || webhookId === delivery.webhookId) &&
      (eventType === undefined || eventType === delivery.type)
    this.#deliveries.add({ ...rule, matches })
  }

  clear(): void {
    this.#calls.clear()
    this.#deliveries.clear()
  }

  strikeCall(call: CallSubject): CallEffect[] {
    return this.#calls.strike(call)
  }

  strikeDelivery(delivery: DeliverySubject): DeliveryEffect[] {
    return this.#deliveries.strike(delivery)
  }
}
