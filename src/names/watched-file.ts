import { readFileSync, statSync } from 'node:fs'

import type { Clock } from '../clock.ts'

const lookAgainMs = 1_000

/**
 * What a small file on this machine says, read again after it changed. Checked when it is used, at most once a second,
 * and synchronously: asynchronous reads would take threads that others wait for. A missing file counts as empty.
 */
export class WatchedFile<T> {
  readonly #path: string
  readonly #parse: (text: string) => T
  readonly #clock: Clock
  #lookedAtMs = -Infinity
  #version = ''
  #content: T

  constructor(path: string, parse: (text: string) => T, clock: Clock) {
    this.#path = path
    this.#parse = parse
    this.#clock = clock
    this.#content = parse('')
  }

  get content(): T {
    const nowMs = this.#clock.monotonic()
    if (nowMs - this.#lookedAtMs < lookAgainMs) return this.#content
    this.#lookedAtMs = nowMs
    try {
      const { mtimeMs, ino, size } = statSync(this.#path)
      const version = `${mtimeMs} ${ino} ${size}`
      if (version !== this.#version) this.#content = this.#parse(readFileSync(this.#path, 'utf8'))
      this.#version = version
    } catch {
      this.#content = this.#parse('')
      this.#version = ''
    }
    return this.#content
  }
}
