import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import { bundledProgram } from '../support/processes/bundled-program.ts'
import { previousPrograms, withoutPrevious } from '../support/processes/previous-programs.ts'
import { embeddedInbox, startMixedVersions } from '../support/worlds/mixed-versions.ts'

const previous = previousPrograms()

describe('with an embedded inbox', { skip: previous.length === 0 && withoutPrevious }, () => {
  const today = { version: 'today', program: bundledProgram() }

  for (const before of previous) {
    test(`receiver and then controller of ${before.version} are upgraded, and the controller goes back`, async (t) => {
      const installation = await startMixedVersions(t)
      const { worker, workerSink, finishBatch, untilSent, untilReady, attempts } = installation
      const { flags, file } = embeddedInbox(installation)
      const firstController = await installation.startController(before)
      const first = await installation.startReceiver(before, flags)
      await installation.apply([workerSink])
      await untilReady(`all of ${before.version}`, firstController, first.process)
      const atGoogle = installation.changesAtGoogle()

      await finishBatch('batches/first')
      await untilSent('batches/first')
      worker.state.answer = 400
      const deadId = await finishBatch('batches/dead')
      await untilSent('batches/dead')
      worker.state.answer = 503
      await finishBatch('batches/waiting')
      await untilSent('batches/waiting')
      assert.equal(await first.process.terminate(), 0, first.process.describe())

      // What the earlier receiver wrote is today's now.
      const second = await installation.startReceiver(today, flags)
      await untilSent('batches/waiting', attempts('batches/waiting') + 1)
      worker.state.answer = 204
      const waited = attempts('batches/waiting')
      await untilSent('batches/waiting', waited + 1)
      const listed = await installation.gwh(today, 'deadletters', '-A', '-o', 'json')
      assert.deepEqual([listed.code, listed.err], [0, ''])
      const { deadLetters } = JSON.parse(listed.out) as { deadLetters: { eventId: string; reason: string }[] }
      assert.deepEqual(
        deadLetters.map(({ eventId, reason }) => [eventId, reason]),
        [[deadId, 'Rejected']],
      )
      assert.equal((await installation.gwh(today, 'replay', '--all', '-A')).code, 0)
      await untilSent('batches/dead', 2)
      await finishBatch('batches/second')
      await untilSent('batches/second')

      assert.equal(await firstController.terminate(), 0, firstController.describe())
      const secondController = await installation.startController(today)
      await untilReady('all of today', secondController, second.process)
      await finishBatch('batches/third')
      await untilSent('batches/third')

      // Back is one way only for the file, and it says so.
      assert.equal(await second.process.terminate(), 0, second.process.describe())
      const asLeft = readFileSync(file)
      const refused = installation.beginReceiver(before, flags, 'gwh-receiver-0')
      assert.equal(await refused.exited(), 1, refused.describe())
      assert.match(
        refused.describe(),
        /inbox\.sqlite: the file has schema \d+, this program knows up to \d+; run the newer version that wrote it/,
      )
      assert.ok(readFileSync(file).equals(asLeft), 'the file is as it was left')
      const third = await installation.startReceiver(today, flags)
      await finishBatch('batches/fourth')
      await untilSent('batches/fourth')

      // A controller that goes back takes over what its successor wrote.
      assert.equal(await secondController.terminate(), 0, secondController.describe())
      const thirdController = await installation.startController(before)
      await untilReady(`the controller of ${before.version} again`, thirdController, third.process)
      await finishBatch('batches/fifth')
      await untilSent('batches/fifth')

      for (const subject of ['first', 'second', 'third', 'fourth', 'fifth'])
        assert.equal(attempts(`batches/${subject}`), 1, `${subject} is sent once`)
      const { update, ...others } = installation.changesAtGoogle()
      const { update: updated, ...othersBefore } = atGoogle
      assert.deepEqual(others, othersBefore, 'nothing is made, removed or rotated at Google')
      t.diagnostic(`updates at Google: ${updated} when all was of ${before.version}, ${update} at the end`)
    })
  }
})
