import type { AccessConfig } from './operator-access.ts'

/** What the page of an installation needs to know. */
export interface UiConfig extends AccessConfig {
  /** On 127.0.0.1; 0: any free one. */
  readonly port: number
  /** The operator's. */
  readonly namespace: string
  /** Of the receivers. */
  readonly adminPort: number
  /** Of the controllers. */
  readonly healthPort: number
  /** Whether public addresses are tried from here, as `gwh status` does. */
  readonly probe: boolean
  /** Where receivers are reached from here, where that is not their public address: of a playground. */
  readonly sendTo?: URL
}

export interface RunningUi {
  /** With the token that lets a browser in: for nobody but the user. */
  readonly url: string
  close(): Promise<void>
}

export type OpenUi = (config: UiConfig) => Promise<RunningUi>
