import type { Clock } from '../clock.ts'
import type { PodAccess } from '../kubernetes/service-account.ts'
import type { Logger } from '../observability/logger.ts'
import type { MetricsRegistry } from '../observability/metrics.ts'
import type { HostProcess } from './run-until-stopped.ts'

/** What main.ts takes from the process and passes to a role. */
export interface ProcessDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly version: string
  readonly hostname: string
  /** Absent outside of a pod. */
  readonly pod?: PodAccess | undefined
  readonly host: HostProcess
  /** The command line that runs this program, without its arguments. */
  readonly program?: readonly string[]
  /** Standard output and error, for people. Logs do not use them. */
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** What the parts of a role share. */
export interface RoleDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly metrics: MetricsRegistry
  readonly version: string
  readonly hostname: string
  /** The service account of this pod, which is used where no kubeconfig is set. */
  readonly pod?: PodAccess | undefined
}
