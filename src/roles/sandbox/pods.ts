import { sleep, type Clock } from '../../clock.ts'
import { formatTime } from '../../format-time.ts'
import { hostInUrl } from '../../listen-on.ts'
import type { KubernetesClient, KubernetesObject, ResourceKind } from '../../kubernetes/client.ts'
import type { Logger } from '../../observability/logger.ts'

const podKind: ResourceKind = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }

/** A part of this process that is a pod to whoever asks the API server. */
export interface SandboxPod {
  readonly name: string
  readonly component: 'controller' | 'receiver'
  /** Called again after somebody has deleted the pod. */
  start(): Promise<StartedPod>
}

export interface StartedPod {
  /** Its ports as a cluster knows them, and where each is on this machine. */
  readonly ports: readonly { name: string; containerPort: number; hostPort: number; hostIP: string }[]
  stop(): Promise<void>
}

export interface RunningPods {
  /** Of the first receiver that is ready, where this machine has its public port; undefined: none is. */
  backend(): { host: string; port: number } | undefined
  /** Stops all that runs, the last first. The pods go with the API server. */
  stop(): Promise<void>
}

interface PodsOptions {
  readonly client: Pick<KubernetesClient, 'create' | 'get' | 'patch'>
  readonly namespace: string
  readonly image: string
  readonly clock: Clock
  readonly logger: Logger
}

const firstProbesMs = 20
const probeIntervalMs = 1000
const probeTimeoutMs = 5000

/**
 * What the kubelet and a workload's controller are for a real cluster: start the pods in order, keep their readiness
 * right by `/readyz`, and start anew what somebody deletes. Resolves once all are ready.
 */
export async function runPods(pods: readonly SandboxPod[], options: PodsOptions): Promise<RunningPods> {
  const kubelet = new Kubelet(options)
  await using parts = new AsyncDisposableStack()
  parts.defer(() => kubelet.stop())
  for (const pod of pods) await kubelet.launch(pod)
  await kubelet.untilReady()
  void kubelet.keep()
  const running = parts.move()
  return { backend: () => kubelet.backend(), stop: () => running.disposeAsync() }
}

interface Held {
  readonly pod: SandboxPod
  readonly started: StartedPod
  isReady: boolean
}

class Kubelet {
  readonly #options: PodsOptions
  readonly #stopping = new AbortController()
  /** By name, in the order in which they were started first. */
  readonly #held = new Map<string, Held>()
  #looking: Promise<void> = Promise.resolve()

  constructor(options: PodsOptions) {
    this.#options = options
  }

  async launch(pod: SandboxPod): Promise<void> {
    const started = await pod.start()
    this.#held.set(pod.name, { pod, started, isReady: false })
    await this.#options.client.create<KubernetesObject>(podKind, manifestOf(pod, started, this.#options))
  }

  async untilReady(): Promise<void> {
    for (await this.#look(); ![...this.#held.values()].every(({ isReady }) => isReady); await this.#look()) {
      await sleep(this.#options.clock, firstProbesMs)
    }
  }

  async keep(): Promise<void> {
    for (;;) {
      await sleep(this.#options.clock, probeIntervalMs, this.#stopping.signal)
      if (this.#stopping.signal.aborted) return
      this.#looking = this.#look()
      await this.#looking
    }
  }

  backend(): { host: string; port: number } | undefined {
    const ready = [...this.#held.values()].find(({ pod, isReady }) => isReady && pod.component === 'receiver')
    const port = ready?.started.ports.find(({ name }) => name === 'http')
    return port === undefined ? undefined : { host: port.hostIP, port: port.hostPort }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#looking
    for (const { started } of [...this.#held.values()].toReversed()) await started.stop()
  }

  async #look(): Promise<void> {
    for (const held of this.#held.values()) {
      const { name } = held.pod
      await this.#tend(held).catch((error: unknown) => {
        this.#options.logger.warn({ error, podName: name }, 'sandbox.pod_not_tended')
      })
    }
  }

  async #tend(held: Held): Promise<void> {
    const { client, namespace, clock } = this.#options
    const key = { namespace, name: held.pod.name }
    if ((await client.get(podKind, key)) === undefined) {
      held.isReady = false
      await held.started.stop()
      return this.launch(held.pod)
    }
    const isReady = await answersWell(held.started)
    if (held.isReady === isReady) return
    const condition = { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: formatTime(clock.now()) }
    const status = { phase: 'Running', conditions: [condition] }
    await client.patch(podKind, key, { status }, { type: 'merge', subresource: 'status' })
    held.isReady = isReady
  }
}

function manifestOf({ name, component }: SandboxPod, { ports }: StartedPod, { namespace, image }: PodsOptions) {
  const labels = { 'app.kubernetes.io/name': 'gemini-webhook-operator', 'app.kubernetes.io/component': component }
  const container = { name: component, image, ports }
  return { metadata: { namespace, name, labels }, spec: { containers: [container] } }
}

async function answersWell({ ports }: StartedPod): Promise<boolean> {
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
