import { sleep, type Clock } from '../../clock.ts'
import { formatTime } from '../../format-time.ts'
import { hostInUrl } from '../../listen-on.ts'
import type { KubernetesClient, KubernetesObject, ResourceKind } from '../../kubernetes/client.ts'

const podKind: ResourceKind = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }

/** A part of this process that is a pod to whoever asks the API server. */
export interface SandboxPod {
  readonly name: string
  readonly component: 'controller' | 'receiver'
  /** Its ports as a cluster knows them, and where each is on this machine. */
  readonly ports: readonly { name: string; containerPort: number; hostPort: number; hostIP: string }[]
}

export interface RunningPods {
  /** Whether its last probe was answered well. */
  isReady(name: string): boolean
  /** Probes no more. The pods go with the API server. */
  stop(): Promise<void>
}

interface PodsOptions {
  readonly client: Pick<KubernetesClient, 'create' | 'patch'>
  readonly namespace: string
  readonly image: string
  readonly clock: Clock
}

const firstProbesMs = 20
const probeIntervalMs = 1000
const probeTimeoutMs = 5000

/**
 * What the kubelet is for a real cluster: writes the pods down and keeps their readiness right by `/readyz`. Resolves
 * once all of them are ready.
 */
export async function runPods(pods: readonly SandboxPod[], options: PodsOptions): Promise<RunningPods> {
  const { client, namespace, clock } = options
  const ready = new Map<string, boolean>()
  const stopping = new AbortController()

  async function probe(pod: SandboxPod): Promise<void> {
    const isReady = await answersWell(pod)
    if (stopping.signal.aborted || ready.get(pod.name) === isReady) return
    const condition = { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: formatTime(clock.now()) }
    const status = { phase: 'Running', conditions: [condition] }
    await client.patch(podKind, { namespace, name: pod.name }, { status }, { type: 'merge', subresource: 'status' })
    ready.set(pod.name, isReady)
  }
  const probeAll = async () => {
    // A pod that somebody has deleted stays deleted; it cannot be told that it is ready.
    await Promise.allSettled(pods.map(probe))
  }

  for (const pod of pods) await client.create<KubernetesObject>(podKind, manifestOf(pod, options))
  await probeAll()
  while (pods.some(({ name }) => ready.get(name) !== true)) {
    await sleep(clock, firstProbesMs)
    await probeAll()
  }
  const probing = (async () => {
    while (!stopping.signal.aborted) {
      await sleep(clock, probeIntervalMs, stopping.signal)
      await probeAll()
    }
  })()
  return {
    isReady: (name) => ready.get(name) === true,
    async stop() {
      stopping.abort()
      await probing
    },
  }
}

function manifestOf({ name, component, ports }: SandboxPod, { namespace, image }: PodsOptions) {
  const labels = { 'app.kubernetes.io/name': 'gemini-webhook-operator', 'app.kubernetes.io/component': component }
  const container = { name: component, image, ports }
  return { metadata: { namespace, name, labels }, spec: { containers: [container] } }
}

async function answersWell({ ports }: SandboxPod): Promise<boolean> {
  const health = ports.find(({ name }) => name === 'health')
  try {
    const url = `http://${hostInUrl(health?.hostIP ?? '')}:${health?.hostPort}/readyz`
    const answer = await fetch(url, { signal: AbortSignal.timeout(probeTimeoutMs) })
    await answer.body?.cancel()
    return answer.ok
  } catch {
    return false
  }
}
