import type { WebhookKey } from '../../contract/page/overview.ts'
import type { ActionRequest, Selection } from '../../contract/page/actions.ts'
import { counted } from '../format.ts'
import type { Task } from './task.ts'

/** What the page can do, as tasks: the words of each question and what is asked of the server. Pure. */

export function pingTask({ namespace, name }: WebhookKey): Task {
  return {
    title: `Ping ${namespace}/${name}`,
    verb: 'Ping',
    doing: 'Google was asked for a test delivery; waiting until a receiver has verified it',
    request: () => ({ action: 'ping', namespace, name }),
  }
}

/** `events`: the types that the webhook subscribes to. */
export function sendTask({ namespace, name }: WebhookKey, events: readonly string[]): Task {
  return {
    title: `Send a test event to ${namespace}/${name}`,
    question: 'One signed event is sent as Google would send it. It is stored and goes to the sinks.',
    verb: 'Send',
    choice: { label: 'Type', of: events.length === 0 ? ['batch.succeeded'] : events },
    doing: 'Signing and sending',
    request: ({ choice }) => ({ action: 'send', namespace, name, type: choice }),
  }
}

export function rotateTask({ namespace, name }: WebhookKey): Task {
  return {
    title: `Rotate the signing secret of ${namespace}/${name}`,
    question:
      'Google makes a new secret and signs with both until the grace period ends. The receivers accept both; nothing is lost.',
    verb: 'Rotate',
    toType: name,
    option: {
      label: 'The former secret has leaked',
      explains: 'It is revoked at once; deliveries that are still signed with it alone are refused.',
    },
    doing: 'Asked the controller to rotate; waiting until the new secret is in force',
    request: ({ typed, isChosen }) => ({
      action: 'rotate',
      namespace,
      name,
      typed,
      ...(isChosen && { revokePrevious: 'Immediately' }),
    }),
  }
}

const wholeLookback = 'as far as the lookback reaches'

export function backfillTask({ namespace, name }: WebhookKey): Task {
  return {
    title: `Send what Google did not deliver to ${namespace}/${name}`,
    question:
      'The batches that ended in that time are looked through, and each event that did not arrive is sent to the receivers. What arrived is not handed on again.',
    verb: 'Backfill',
    choice: { label: 'Ended within', of: [wholeLookback, '6h', '24h', '48h'] },
    doing: 'Asked the controller to look through the batches; waiting until what was missing is sent',
    request: ({ choice }) => ({
      action: 'backfill',
      namespace,
      name,
      ...(choice !== wholeLookback && { since: choice }),
    }),
  }
}

export function drainTask(pod: string): Task {
  return {
    title: `Drain ${pod}`,
    question: `${pod} is taken out of traffic until it is restarted, and what its inbox holds is moved to another receiver.`,
    verb: 'Drain',
    toType: pod,
    doing: 'Moving what the inbox holds; this ends when nothing more has arrived for 20 seconds',
    request: () => ({ action: 'drain', pod }),
  }
}

/** What a replay or a retry is about: those that are ticked, what the fields select, or everything. */
export type Targets = Extract<ActionRequest, { action: 'replay' }>['targets']

/** `many`: how many that are, as counted just now. */
export function replayTask(targets: Targets, many: string): Task {
  return {
    title: 'Replay',
    question: `${many} will be sent again to the sinks, with fresh attempts and marked as replayed.`,
    verb: 'Replay',
    doing: 'Handing them to their sinks again',
    request: () => ({ action: 'replay', targets }),
  }
}

export function retryTask(targets: Targets, many: string): Task {
  return {
    title: 'Retry now',
    question: `${many} will be due now. Their attempts and the time until they are given up stay as they are.`,
    verb: 'Retry now',
    doing: 'Making them due',
    request: () => ({ action: 'retry', targets }),
  }
}

/** `3 dead letters`, `at least 10,000 dead letters`, and which receivers could not be asked. */
export function howMany(
  of: 'dead letter' | 'pending delivery',
  { count, isAtLeast, without }: { count: number; isAtLeast: boolean; without: readonly { pod: string }[] },
): string {
  const many = counted(count, of, of === 'dead letter' ? 'dead letters' : 'pending deliveries')
  const blind = without.length === 0 ? '' : ` (without ${without.map(({ pod }) => pod).join(', ')}, not reached)`
  return `${isAtLeast ? 'At least ' : ''}${many}${blind}`
}

/** Everything must be said; a selection selects. */
export function targetsOf(selection: Selection): Targets {
  return Object.keys(selection).length === 0 ? { all: true } : { selection }
}
