import type { ReceiverPod } from '../../cli/deliveries/receivers.ts'

/** The receivers to ask about what is in inboxes. */
export interface OpenedReceivers {
  /** Those that answer: one where they share an inbox. `without`: those that do not, and why. */
  pods(): { pods: readonly ReceiverPod[]; without: readonly { pod: string; why: string }[] }
}
