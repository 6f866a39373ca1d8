import { setTimeout } from 'node:timers/promises'

import type { Clock } from '../../clock.ts'
import { boolean, duration, optionalText, textList } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { aNamespace } from '../../config/user-settings.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import { brokenLink, chainInWords, exitCodeOf, unjudgedLinks } from '../link.ts'
import { operatorNamespaceBy } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { connection, operatorNamespace, output } from '../shared-settings.ts'
import { cellOf } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import {
  isControllerThere,
  isHeldByPause,
  uninstallChain,
  type HeldObject,
  type UninstallFacts,
} from './judge-uninstall.ts'
import { uninstallSteps, type Step } from './uninstall-steps.ts'

const settings = {
  yes: boolean({
    group: 'Uninstallation',
    help: 'Deletes the GeminiWebhooks of this installation and waits until the controller has removed their webhooks at Google. Without it nothing is changed.',
    ignoresEnvironment: true,
    default: 'false',
  }),
  dropDeliveries: boolean({
    group: 'Uninstallation',
    help: 'With --yes, deletes them although deliveries wait: these become dead letters.',
    ignoresEnvironment: true,
    default: 'false',
  }),
  waitMs: duration({
    group: 'Uninstallation',
    help: 'With --yes, waits this long for the controller.',
    min: '0s',
    max: '1h',
    default: '5m',
  }),
  release: optionalText({
    group: 'Uninstallation',
    help: 'The Helm release, for the commands that are printed. If it is not set, it is read from the Deployment of the controller.',
    placeholder: 'NAME',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,51}[a-z0-9])?$/,
    what: 'the name of a release',
    ignoresEnvironment: true,
  }),
  watchNamespaces: textList({
    ...aNamespace,
    help: 'The namespaces that the installation serves, if it does not serve all (watchNamespaces of the chart).',
    placeholder: 'NAMESPACE,...',
    ignoresEnvironment: true,
  }),
  operatorNamespace,
  ...connection,
  output,
} as const
type UninstallConfig = ConfigOf<typeof settings>

/** `gwh uninstall`: 0 when nothing would be stranded any more, 1 when something would be, 3 when that is not known. */
export const uninstall = userCommand({
  name: 'uninstall',
  summary: 'Say what an uninstallation would strand, and remove it in the right order.',
  about:
    'Says what would be left behind if the operator were removed now: webhooks at Google, objects that wait for a controller, deliveries in inboxes; and which ' +
    'commands to type, in which order. With --yes it deletes the GeminiWebhooks of this installation, and of no other, and waits until their webhooks are gone at ' +
    'Google. It never removes the operator itself. A GitOps tool makes deleted objects anew: remove them from Git first.',
  example: 'gwh uninstall',
  settings,
  check: ({ yes, dropDeliveries }) =>
    dropDeliveries && !yes ? ['--drop-deliveries: means nothing without --yes; add it, or leave this out'] : [],
  run: prepareUninstallation,
})

interface Place {
  readonly operatorNamespace: string
  readonly watchNamespaces: readonly string[]
}

async function prepareUninstallation(
  config: UninstallConfig,
  _names: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  const client = await deps.cluster(config)
  try {
    const found = await operatorNamespaceBy(client, config, 'uninstall', deps)
    const place = { ...config, operatorNamespace: found }
    const { readUninstall } = await import('./read-uninstall.ts')
    const read = () => readUninstall(client, place, deps.clock.now())
    const first = await read()
    if (!config.yes) return await report(first, { client, place, config, deps })
    const before = await withLiveLease(first, { client, clock: deps.clock, namespace: found })
    const [refusal] = refusalsOf(before, config)
    if (refusal !== undefined) {
      deps.err(`gwh uninstall: nothing was deleted: ${cellOf(refusal)}\n`)
      return Math.max(exitCodes.failed, await report(before, { client, place, config, deps }))
    }
    const { deleteWebhooks } = await import('./delete-webhooks.ts')
    const held = heldIn(before)
    const waiting = { clock: deps.clock, pause: setTimeout<void>, waitMs: config.waitMs }
    const { deleted, remaining } = await deleteWebhooks(held, { client, ...waiting })
    const code = await report(await read(), { client, place, config, deps, deleted, remaining })
    for (const { object, why } of remaining)
      deps.err(`gwh uninstall: ${cellOf(object)}: is still there: ${cellOf(why)}\n`)
    return remaining.length === 0 ? code : exitCodes.failed
  } finally {
    await client.close()
  }
}

/** Where something is to be deleted and somebody is said to lead, whether that is still so. */
async function withLiveLease(
  facts: UninstallFacts,
  where: { client: KubernetesClient; clock: Clock; namespace: string },
): Promise<UninstallFacts> {
  if (heldIn(facts).length === 0 || !isControllerThere(facts)) return facts
  const { awaitRenewal } = await import('./await-renewal.ts')
  const lease = await awaitRenewal(facts.lease, where)
  return { ...facts, lease, nowMs: where.clock.now() + (where.client.serverClockSkewMs ?? 0) }
}

function heldIn({ objects }: UninstallFacts): readonly HeldObject[] {
  return 'value' in objects ? (objects.value?.ours ?? []) : []
}

/** Why nothing may be deleted now. Pure. */
function refusalsOf(facts: UninstallFacts, { dropDeliveries }: UninstallConfig): string[] {
  const { objects, pending } = facts
  if ('unread' in objects) return [objects.unread]
  if (heldIn(facts).length === 0) return []
  const waits = 'unread' in pending || pending.value > 0
  return [
    ...(isHeldByPause(facts)
      ? ['the installation is paused, so that what is deleted would wait: end that first with "gwh resume"']
      : []),
    ...(isControllerThere(facts)
      ? []
      : [
          'no controller is known to lead, so that what is deleted would wait for one: start it first; of one with leaderElection=false nothing is known, so delete the objects with kubectl while it runs',
        ]),
    ...(waits && !dropDeliveries
      ? [
          'deliveries wait in inboxes, or may: let them be delivered, or pass --drop-deliveries, which makes dead letters of them',
        ]
      : []),
  ]
}

interface Reporting {
  readonly client: KubernetesClient
  readonly place: Place
  readonly config: UninstallConfig
  readonly deps: UserCommandDeps
  readonly deleted?: readonly string[]
  readonly remaining?: readonly { readonly object: string; readonly why: string }[]
}

/** Prints what stands in the way and what to type. Resolves with the exit code that this means. */
async function report(
  facts: UninstallFacts,
  { client, place, config, deps, deleted = [], remaining = [] }: Reporting,
): Promise<number> {
  const { releaseIn } = await import('./read-uninstall.ts')
  const { operatorNamespace: namespace, watchNamespaces: watched } = place
  const release = config.release ?? (await releaseIn(client, namespace))
  const steps = uninstallSteps(facts, { namespace, watched, release })
  const chain = uninstallChain(facts)
  const [broken, unjudged] = [brokenLink(chain), unjudgedLinks(chain)]
  const text = () => `${deletedInWords(deleted)}${chainInWords(chain)}\n${stepsInWords(steps)}`
  const acted = config.yes ? { deleted, remaining } : {}
  const value = { broken: broken?.name, unjudged, ...acted, chain, steps }
  deps.out(printedAs(config.output, { value, text }))
  return exitCodeOf(broken, unjudged)
}

function deletedInWords(deleted: readonly string[]): string {
  return deleted
    .map((object) => `${cellOf(object)}: deleted, and gone at Google unless it was to be kept there.\n`)
    .join('')
}

function stepsInWords(steps: readonly Step[]): string {
  const lines = steps.map(({ command, does }) => `  ${command}\n      ${does}\n`)
  return `What is left to type, in this order:\n${lines.join('')}`
}
