import type { KubernetesClient } from '../../../kubernetes/client.ts'
import type { Clock } from '../../../clock.ts'
import type { SampleWorker } from '../../../../playground/sample-worker.ts'
import type { RunningSimulator } from '../start-simulator.ts'
import type { ReceivedEvents } from './received-events.ts'

/** What surrounds the operator in a sandbox: all that the actions of the playground work on. */
export interface Surroundings {
  readonly client: KubernetesClient
  readonly simulator: Pick<RunningSimulator, 'admin' | 'lastAccepted'>
  readonly worker: Pick<SampleWorker, 'refuseWith' | 'state'> & { readonly url: string }
  readonly received: ReceivedEvents
  /** The authority of the public endpoint, as a file. */
  readonly authorityPath: string
  /** Of all that runs in the sandbox. */
  readonly clock: Clock
  /** Of the machine, by which the commands of a shell go. */
  readonly machine: Pick<Clock, 'now'>
  readonly random: () => number
}
