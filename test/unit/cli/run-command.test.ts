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

test('flags may stand before the command, with their values', async () => {
  for (const args of [
    ['--port=81', 'receiver'],
    ['--port', '81', 'receiver', '--log-level=warn'],
    ['--allow-loopback-sinks', '--port', '81', 'receiver'],
  ]) {
    const { err, ran } = await gwh(args)
    assert.deepEqual([ran.map(({ port }) => port), err], [[81], ''])
  }
})

test('gwh help COMMAND is the help of that command', async () => {
  assert.deepEqual(await gwh(['help', 'receiver']), await gwh(['receiver', '--help']))
})

test('the version is one line', async () => {
  assert.deepEqual(await gwh(['--version']), { code: 0, out: '1.2.3\n', err: '', ran: [] })
})

test('no command, or one that does not exist, ends with 2 and shows what there is', async () => {
  const none = await gwh([])
  assert.deepEqual([none.code, none.out], [2, ''])
  assert.match(none.err, /^Usage: gwh COMMAND/)
  const misspelt = await gwh(['reciever'])
  assert.deepEqual([misspelt.code, misspelt.out], [2, ''])
  assert.equal(
    misspelt.err,
    'gwh: "reciever" is not a command; did you mean "gwh receiver"?\n"gwh --help" lists the commands.\n',
  )
  assert.match((await gwh(['sing'])).err, /^gwh: "sing" is not a command\n/)
})
