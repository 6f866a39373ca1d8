export type Environment = Readonly<Record<string, string | undefined>>

/** Where a control plane shall come to stand, for whoever fetches or builds it. */
export interface ControlPlaneTarget {
  /** Exact version of Kubernetes, without the v. */
  version: string
  /** The folder of the programs; it appears only complete. */
  folder: string
  environment: Environment
  /** One line of progress, for people. */
  say: (message: string) => void
}
