import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import { request } from 'undici'

import { systemClock } from '../../src/clock.ts'
import { openSqliteInbox } from '../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { signedDelivery } from '../support/builders/signed-delivery.ts'
import { NatsServer } from '../support/processes/nats-server.ts'
import { startReceiverProcess, type ReceiverFiles } from '../support/processes/receiver-process.ts'

/** The one delivery of such a test. */
export const id = 'msg_of_the_moment'

/** An inbox that outlives the receiver that is killed. */
export interface Place {
  flags: readonly string[]
  /** Fails when anything but the memory of so many ids is left; absent where the inbox cannot be looked into later. */
  expectAllEnded?: (ids: number) => Promise<void>
}

export type MakePlace = (t: TestContext, files: ReceiverFiles) => Promise<Place>

export const inFile: MakePlace = (t, files) => {
  const folder = join(files.folder, 'data')
  const expectAllEnded = async (ids: number) => {
    const path = join(folder, 'inbox.sqlite')
    const inbox = await openSqliteInbox({ path, clock: systemClock, logger: silentLogger, metrics: createMetrics() })
    t.after(() => inbox.close())
    const { events, pending, deadLetters, rememberedIds } = await inbox.stats()
    assert.deepEqual([events, pending, deadLetters, rememberedIds], [0, 0, 0, ids])
  }
  return Promise.resolve({ flags: [`--data-dir=${folder}`], expectAllEnded })
}

export const inStream: MakePlace = async (t) => {
  const server = await NatsServer.start()
  t.after(() => server.dispose())
  const flags = ['--inbox=jetstream', `--nats-url=${server.url}`, '--nats-replicas=1', '--inbox-max=128MiB']
  return { flags }
}

interface Receivers {
  files: ReceiverFiles
  flags: readonly string[]
  logName: string
}

/** A receiver that is killed at a moment, and another one in its place. */
export function receiversOf(t: TestContext, { files, flags, logName }: Receivers) {
  const start = (path?: string) => {
    const options = { files, podName: 'receiver-0', flags, logName }
    const receiver = startReceiverProcess({ ...options, ...(path !== undefined && { program: path }) })
    t.after(() => receiver.kill())
    return receiver
  }
  const send = async (port: unknown) => {
    const { headers, body } = signedDelivery({ id, secret: files.secret, dataId: id, atMs: Date.now() })
    const answer = await request(`http://127.0.0.1:${Number(port)}${files.path}`, { method: 'POST', headers, body })
    await answer.body.dump()
    return answer.statusCode
  }
  return {
    /** Runs a program beside this file that kills itself at its moment, some time after it got the delivery. */
    async killOne(program: string): Promise<void> {
      const doomed = start(fileURLToPath(new URL(program, import.meta.url)))
      const { port } = await doomed.logged('receiver.started')
      await send(port).catch(() => {}) // killed before its answer, or after it
      assert.equal(await doomed.exited(), 'SIGKILL', doomed.describe())
    },
    /** The next one in its place, which has the delivery already. */
    async startNext() {
      const successor = start()
      const { port, adminPort } = await successor.logged('receiver.started')
      assert.equal(await send(port), 204, 'a duplicate: it was stored')
      return { successor, adminPort }
    },
  }
}
