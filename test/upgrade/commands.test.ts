import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { eventually } from '../support/measures/eventually.ts'
import { bundledProgram } from '../support/processes/bundled-program.ts'
import { previousPrograms, withoutPrevious, type PreviousProgram } from '../support/processes/previous-programs.ts'
import { embeddedInbox, startMixedVersions } from '../support/worlds/mixed-versions.ts'

const previous = previousPrograms()

describe('gwh', { skip: previous.length === 0 && withoutPrevious }, () => {
  const today = { version: 'today', program: bundledProgram() }
  const [neighbour] = previous
  if (neighbour === undefined) return

  const pairs: [PreviousProgram, PreviousProgram][] = [
    [neighbour, today],
    [today, neighbour],
  ]
  for (const [ours, theirs] of pairs) {
    test(`of ${ours.version} finds, sends again and moves what receivers of ${theirs.version} have`, async (t) => {
      const installation = await startMixedVersions(t)
      const { worker, workerSink, finishBatch, untilSent, sendTo } = installation
      const gwh = async (...args: string[]) => {
        const { code, out, err } = await installation.gwh(ours, ...args)
        assert.equal(code, 0, `gwh ${args.join(' ')}: ${err}${out}`)
        return out
      }
      const controller = await installation.startController(theirs, { leads: true })
      // One of each version: what one hands over the other one takes.
      const goes = await installation.startReceiver(theirs, embeddedInbox(installation).flags)
      const stays = await installation.startReceiver(
        ours,
        embeddedInbox(installation, 'gwh-receiver-1').flags,
        'gwh-receiver-1',
      )
      sendTo(goes)
      await installation.apply([workerSink])
      await installation.untilReady('Ready', controller, goes.process, stays.process)

      worker.state.answer = 400
      await finishBatch('batches/dead')
      await untilSent('batches/dead')
      type Listed = { deadLetters: { reason: string }[] }
      await eventually('the dead letter is listed', async () => {
        const { deadLetters } = JSON.parse(await gwh('deadletters', '-A', '-o', 'json')) as Listed
        return deadLetters.length === 1 && deadLetters[0]?.reason === 'Rejected'
      })
      worker.state.answer = 204
      await gwh('replay', '--all', '-A')
      await untilSent('batches/dead', 2)
      for (const command of ['inbox', 'deliveries', 'version', 'status', 'orphans'])
        await gwh(command, ...(command === 'version' ? [] : ['-A']), '-o', 'json')
      assert.match(await gwh('status', 'ml/batch-events', '--no-probe'), /No link is broken/)

      worker.state.answer = 503
      await finishBatch('batches/waiting')
      await untilSent('batches/waiting')
      await gwh('retry', '--all', '-A')
      await untilSent('batches/waiting', 2)
      assert.match(
        await gwh('drain', goes.podName, '--settle=1s'),
        /^1 events? moved from gwh-receiver-0 to gwh-receiver-1/,
      )
      await goes.process.kill()
      const before = installation.attempts('batches/waiting')
      worker.state.answer = 204
      await untilSent('batches/waiting', before + 1)
    })
  }

  test(`of today moves to a receiver of ${neighbour.version} what was given up for a reason that it does not know`, async (t) => {
    const installation = await startMixedVersions(t)
    const controller = await installation.startController(today)
    const goes = await installation.startReceiver(today, embeddedInbox(installation).flags)
    const broken = { ...installation.workerSink, transform: { body: 'event.data.nope' } }
    await installation.apply([broken])
    await installation.untilReady('Ready', controller, goes.process)
    const eventId = await installation.finishBatch('batches/broken')
    const stays = embeddedInbox(installation, 'gwh-receiver-1').flags
    await installation.startReceiver(neighbour, stays, 'gwh-receiver-1')
    const listed = async () => {
      const { out } = await installation.gwh(today, 'deadletters', '-A', '-o', 'json')
      type Listed = { deadLetters: { id: string; eventId: string; reason: string }[] }
      return (JSON.parse(out) as Listed).deadLetters.map((letter) => [
        letter.id.split('/')[0],
        letter.eventId,
        letter.reason,
      ])
    }
    await eventually('the dead letter', async () => (await listed()).length === 1)
    assert.deepEqual(await listed(), [[goes.podName, eventId, 'TransformError']])
    const { code, out, err } = await installation.gwh(today, 'drain', goes.podName, '--settle=1s')
    assert.equal(code, 0, `${err}${out}`)
    assert.deepEqual(await listed(), [['gwh-receiver-1', eventId, 'FilterError']])
  })

  test(`of today says of a receiver of ${neighbour.version} that it is older where it cannot do what is asked`, async (t) => {
    const installation = await startMixedVersions(t)
    await installation.startController(neighbour)
    await installation.startReceiver(neighbour, embeddedInbox(installation).flags)
    await installation.apply([installation.workerSink])
    await installation.untilReady('Ready')
    const asked: [string[], RegExp][] = [
      [['delivered'], /gwh-receiver-0: the receiver does not know \/v1\/delivered: it is older than this gwh/],
      [['replay', '--delivered', '--all'], /gwh-receiver-0: .* asked of \/v1\/replay: it is older than this gwh/],
    ]
    for (const [args, says] of asked) {
      const { code, err, out } = await installation.gwh(today, ...args, '-A')
      assert.notEqual(code, 0, out)
      assert.match(err, says)
    }
  })
})
