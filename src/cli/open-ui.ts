import type { UiConfig } from '../config/ui-config.ts'

export interface RunningUi {
  /** With the token that lets a browser in: for nobody but the user. */
  readonly url: string
  close(): Promise<void>
}

export type OpenUi = (config: UiConfig) => Promise<RunningUi>
