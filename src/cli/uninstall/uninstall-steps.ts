import { geminiRouteKind, geminiWebhookKind } from '../../api/kind.ts'
import { isAnythingHeld, isControllerThere, isHeldByPause, seesAll, type UninstallFacts } from './judge-uninstall.ts'

const crds = [geminiWebhookKind, geminiRouteKind].map(({ plural, group }) => `${plural}.${group}`).join(' ')

/** One command of the right order, and what it does. */
export interface Step {
  readonly command: string
  readonly does: string
}

/** How the operator was installed. */
export interface Installed {
  /** The operator's. */
  readonly namespace: string
  /** The release of Helm; undefined: it cannot be told, or there is none. */
  readonly release?: string | undefined
  /** The namespaces that the installation serves; empty: all. */
  readonly watched?: readonly string[]
}

/**
 * What is left to type until nothing of this installation is left, in the order that strands nothing. Pure. What was
 * not read is not known to be done, so its step is named.
 */
export function uninstallSteps(facts: UninstallFacts, installed: Installed): Step[] {
  const { namespace, release = 'RELEASE', watched = [] } = installed
  const here = ` --operator-namespace=${namespace}`
  const only = watched.length === 0 ? '' : ` --watch-namespaces=${watched.join(',')}`
  const { objects, lease, pending, orphans } = facts
  const steps: Step[] = []
  const isLeft = isAnythingHeld(facts)
  if (isLeft && 'value' in lease && !isControllerThere(facts))
    steps.push({
      command: `kubectl --namespace ${namespace} scale deployment gwh-controller --replicas=1`,
      does: 'starts the controller; where the operator is gone, install it again with the same installationId',
    })
  if (isLeft && isHeldByPause(facts))
    steps.push({
      command: `gwh resume${here}`,
      does: 'ends the pause of the installation: while it lasts, no webhook is removed at Google',
    })
  if ('unread' in pending || pending.value > 0)
    steps.push(
      {
        command: `gwh deliveries -A${here}`,
        does: 'shows which deliveries wait, and for what; what a receiver that is gone left on its volume waits until it runs again',
      },
      {
        command: `gwh retry --all -A${here}`,
        does: 'has all of them tried now; one whose object is gone becomes a dead letter',
      },
    )
  if (isLeft)
    steps.push({
      command: `gwh uninstall${here}${only} --yes`,
      does: 'deletes the GeminiWebhooks of this installation, and waits until their webhooks are gone at Google',
    })
  if ('unread' in orphans || orphans.value > 0)
    steps.push({
      command: `gwh orphans${here}`,
      does: 'lists the webhooks left at Google, to delete them by their ids',
    })
  steps.push(
    {
      command: `helm uninstall ${release} --namespace ${namespace}`,
      does: 'removes the operator; without Helm: kubectl delete --kustomize of your overlay',
    },
    {
      command: `kubectl delete namespace ${namespace}`,
      does: 'removes volumes with all dead letters, keyring and installation id: only where it is not to come back',
    },
  )
  if ('value' in objects && objects.value?.others.length === 0 && seesAll(objects.value))
    steps.push({
      command: `kubectl delete crd ${crds}`,
      does: 'deletes all GeminiRoutes too, of every team',
    })
  return steps
}
