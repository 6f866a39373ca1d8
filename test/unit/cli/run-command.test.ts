import assert from 'node:assert/strict'
import { test } from 'node:test'

import { roleCommand, runCommand } from '../../../src/cli/run-command.ts'
import { receiverSettings } from '../../../src/config/receiver-config.ts'

async function gwh(args: string[], env: Record<string, string> = {}) {
  const [out, err, ran]: [string[], string[], { port: number; described: string | undefined }[]] = [[], [], []]
  const receiver = roleCommand(receiverSettings, 'Serves.', async ({ port }, described) => {
    ran.push({ port, described: described['port'] })
    return 7
  })
  const context = {
    env,
    version: '1.2.3',
    out: (text: string) => out.push(text),
    err: (text: string) => err.push(text),
  }
  const code = await runCommand(args, [receiver], context)
  return { code, out: out.join(''), err: err.join(''), ran }
}

test('a command runs with its configuration, and its exit code is the exit code of the program', async () => {
  const { code, ran, out, err } = await gwh(['receiver', '--port=81'], { GWH_LOG_LEVEL: 'warn' })
  assert.deepEqual(
    { code, ran, out, err },
    { code: 7, ran: [{ port: 81, described: '81 (--port)' }], out: '', err: '' },
  )
})

test('a wrong configuration starts nothing, names every mistake on standard error and ends with 2', async () => {
  const { code, ran, out, err } = await gwh(['receiver', '--port=x', '--prot=1'])
  assert.deepEqual([code, ran.length, out], [2, 0, ''])
  assert.deepEqual(err.split('\n'), [
    'gwh receiver: --prot: unknown setting; did you mean --port?',
    'gwh receiver: --port: "x" is not a whole number from 0 to 65535',
    'Nothing was started. "gwh receiver --help" lists all settings.',
    '',
  ])
})

test('help goes to standard output and ends with 0', async () => {
  for (const args of [['--help'], ['-h'], ['help']]) {
    const { code, out, err } = await gwh(args)
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /^Usage: gwh COMMAND/)
    assert.match(out, /^ {2}receiver {2}Serves\.$/m)
    assert.match(out, /Exit codes: 0 .* 1 .* 2 /)
  }
  const { code, out } = await gwh(['receiver', '--help'])
  assert.equal(code, 0)
  assert.match(out, /^Usage: gwh receiver/)
})

test('the version is one line', async () => {
  assert.deepEqual(await gwh(['--version']), { code: 0, out: '1.2.3\n', err: '', ran: [] })
})

test('no command, or one that does not exist, ends with 2 and shows what there is', async () => {
  for (const args of [[], ['reciever']]) {
    const { code, out, err } = await gwh(args)
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /Usage: gwh COMMAND/)
  }
  assert.match((await gwh(['reciever'])).err, /^gwh: "reciever" is not a command/)
})
