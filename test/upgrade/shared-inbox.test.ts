import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'

import { eventually } from '../support/measures/eventually.ts'
import { bundledProgram } from '../support/processes/bundled-program.ts'
import { NatsServer, withoutNatsServer } from '../support/processes/nats-server.ts'
import { previousPrograms, withoutPrevious } from '../support/processes/previous-programs.ts'
import { startMixedVersions } from '../support/worlds/mixed-versions.ts'

const previous = previousPrograms()
const [one, other] = ['gwh-receiver-0', 'gwh-receiver-1']

async function sharedInbox(t: TestContext): Promise<string[]> {
  const server = await NatsServer.start()
  t.after(() => server.dispose())
  return ['--inbox=jetstream', `--nats-url=${server.url}`, '--nats-replicas=1', '--inbox-max=64MiB']
}

const missing = previous.length === 0 ? withoutPrevious : withoutNatsServer

describe('with an inbox in JetStream', { skip: missing }, () => {
  const today = { version: 'today', program: bundledProgram() }

  for (const before of previous) {
    test(`receivers of ${before.version} and of today share a stream, there and back, and each holds what it does not know`, async (t) => {
      const installation = await startMixedVersions(t)
      const { worker, chat, workerSink, finishBatch, untilSent, untilReady, attempts, sendTo } = installation
      const flags = await sharedInbox(t)
      const firstController = await installation.startController(before)
      const old = await installation.startReceiver(before, flags, one)
      await installation.apply([workerSink])
      await untilReady(`all of ${before.version}`, firstController, old.process)
      const atGoogle = installation.changesAtGoogle()

      worker.state.answer = 503
      await finishBatch('batches/waiting')
      await untilSent('batches/waiting')
      assert.equal(await firstController.terminate(), 0, firstController.describe())
      const controller = await installation.startController(today)
      const young = await installation.startReceiver(today, flags, other)
      worker.state.answer = 204
      const failed = attempts('batches/waiting')
      await untilSent('batches/waiting', failed + 1)

      // Two sinks that the earlier receiver cannot serve, beside the one that it knows.
      const transform = { body: '"finished " + event.subject', contentType: 'text/plain' }
      const chatSink = { name: 'chat', uri: `${chat.origin}/hooks`, transform }
      const broken = { name: 'broken', uri: `${chat.origin}/broken`, transform: { body: 'event.data.nope' } }
      await installation.change({ sinks: [workerSink, chatSink, broken] })
      await untilReady('with sinks of today', controller, old.process, young.process)
      const told = () => chat.received.map(({ body }) => body.toString())
      await finishBatch('batches/by-the-young')
      await untilSent('batches/by-the-young')
      // The chat is told by the younger one, unless the earlier one took the delivery first: then it waits there.

      // The earlier one alone: what it does not know waits.
      assert.equal(await young.process.terminate(), 0, young.process.describe())
      sendTo(old)
      await finishBatch('batches/alone')
      await untilSent('batches/alone')
      await finishBatch('batches/after')
      await untilSent('batches/after')
      for (const text of told()) assert.equal(text, 'finished batches/by-the-young')

      // Replaced: its successor finds what waited.
      assert.equal(await old.process.terminate(), 0, old.process.describe())
      const again = await installation.startReceiver(today, flags, one)
      const retried = await installation.gwh(today, 'retry', '--all', '-A')
      assert.equal(retried.code, 0, retried.err)
      await eventually('the chat is told what waited', () => told().length === 3)
      assert.deepEqual(told().toSorted(), [
        'finished batches/after',
        'finished batches/alone',
        'finished batches/by-the-young',
      ])
      type Letters = { deadLetters: { sink: string; reason: string }[] }
      const letters = await eventually('the dead letters of what cannot be made', async () => {
        const { out } = await installation.gwh(today, 'deadletters', '-A', '-o', 'json')
        const { deadLetters } = JSON.parse(out) as Letters
        return deadLetters.length === 3 && deadLetters
      })
      assert.deepEqual([...new Set(letters.map(({ sink, reason }) => `${sink} ${reason}`))], ['broken TransformError'])

      // Back, with the sinks of before: nothing that waits or was given up is lost to the earlier version.
      await installation.change({ sinks: [workerSink] })
      await untilReady('with the sinks of before', controller)
      worker.state.answer = 503
      await finishBatch('batches/back')
      await untilSent('batches/back')
      assert.equal(await again.process.terminate(), 0, again.process.describe())
      assert.equal(await controller.terminate(), 0, controller.describe())
      const lastController = await installation.startController(before)
      const last = await installation.startReceiver(before, flags, one)
      worker.state.answer = 204
      const failedBack = attempts('batches/back')
      await untilSent('batches/back', failedBack + 1)
      await finishBatch('batches/last')
      await untilSent('batches/last')
      await untilReady(`all of ${before.version} again`, lastController, last.process)
      assert.deepEqual(
        last.process.lines.filter((line) => JSON.stringify(line).includes('record_unreadable')),
        [],
        'it reads every record of its successor',
      )
      for (const subject of ['by-the-young', 'alone', 'after', 'last'])
        assert.equal(attempts(`batches/${subject}`), 1, `${subject} is sent once`)
      const { update: _, ...others } = installation.changesAtGoogle()
      const { update: __, ...othersBefore } = atGoogle
      assert.deepEqual(others, othersBefore, 'nothing is made, removed or rotated at Google')
    })
  }
})
