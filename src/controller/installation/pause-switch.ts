import { describePause, pauseConfigMapName, readPause } from '../../contract/pause-record.ts'
import type { ConfigMap } from '../../kubernetes/core-kinds.ts'
import type { ObjectChange } from '../../kubernetes/reflector.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Pause } from '../facts/observed.ts'

interface PauseSwitchOptions {
  /** The operator's own. */
  namespace: string
  logger: Logger
  /** Called after each change of what is to be told. */
  onChange: () => void
}

/**
 * Whether the whole installation is paused, as the watch of its one ConfigMap tells. The watch has had its first list
 * before any object is looked at, so a restart goes on pausing.
 */
export class PauseSwitch {
  readonly #options: PauseSwitchOptions
  #pause: Pause | undefined

  constructor(options: PauseSwitchOptions) {
    this.#options = options
  }

  /** Undefined: not paused. */
  get pause(): Pause | undefined {
    return this.#pause
  }

  observe({ type, object }: ObjectChange<ConfigMap>): void {
    const { namespace, logger, onChange } = this.#options
    // Where a server has not heard of the field selector, the watch shows others too.
    if (object.metadata.name !== pauseConfigMapName) return
    const before = this.#pause?.message
    this.#pause = type === 'deleted' ? undefined : { message: describePause(readPause(object), namespace) }
    if (this.#pause?.message === before) return
    if (this.#pause === undefined) logger.info({}, 'installation.resumed')
    else logger.warn({ why: this.#pause.message }, 'installation.paused')
    onChange()
  }
}
