import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { Webhook } from 'standardwebhooks'

import { runCommand } from '../../../src/cli/run-command.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { twoReceivers } from '../../support/worlds/two-receivers.ts'

/** A program on somebody's machine that answers as it is told. */
async function aLaptop(t: TestContext, status = 200) {
  const received: { url: string | undefined; headers: IncomingHttpHeaders; body: string }[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(status).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events?from=gwh` }
}

/** `gwh listen` with these flags, until all receivers are gone. */
async function listening(t: TestContext, flags: string[]) {
  const world = await twoReceivers(t)
  const [lines, errors]: [string[], string[]] = [[], []]
  const context = {
    env: { GWH_KUBECONFIG: world.kubeconfig },
    version: '1.2.3',
    out: (text: string) => void lines.push(text.trimEnd()),
    err: (text: string) => void errors.push(text),
  }
  const running = runCommand(['listen', ...flags], world.commands, context)
  // Only the one whose stream is open already gets it: repeated with another id until it is seen.
  const untilForwarded = async (event: Parameters<typeof anEvent>[0], isSeen: () => boolean) => {
    let number = 0
    await eventually('an event forwarded', () => {
      world.b.arrivals.add(anEvent({ ...event, eventId: `msg_${number++}` }))
      return isSeen()
    })
  }
  const end = async () => {
    await Promise.all([world.a.server.close(), world.b.server.close()])
    return running
  }
  return { ...world, lines, errors, untilForwarded, end }
}

test('gwh listen --forward-to sends what is stored, byte for byte, with a signature of the secret that it prints once', async (t) => {
  const { received, url } = await aLaptop(t, 202)
  const it = await listening(t, ['-A', '--recent=0', `--forward-to=${url}`])
  const body = '{"type":"batch.succeeded",  "data":{"id":"batches/\u00fc"}}'
  await it.untilForwarded({ body: Buffer.from(body), contentType: 'application/json; x=1' }, () => it.lines.length > 0)
  const [request] = received
  assert.ok(request)
  assert.deepEqual([request.url, request.body], ['/events?from=gwh', body])
  assert.equal(request.headers['content-type'], 'application/json; x=1')
  const [said = '', ...more] = it.errors
  const secret = /signed with (whsec_\S+) \(new;/.exec(said)?.[1] ?? ''
  assert.deepEqual(more, [])
  assert.doesNotThrow(() => new Webhook(secret).verify(request.body, request.headers as Record<string, string>))
  assert.match(
    it.lines[0] ?? '',
    /^2\S+Z gwh-receiver-1 ml\/batch-events msg_\d+ => http:\S+\/events\?from=gwh 202 \d+ms$/,
  )
  const { events, pending } = await it.b.inbox.stats()
  assert.deepEqual([events, pending], [0, 0], 'nothing was written into an inbox')
  assert.equal(await it.end(), 1)
})

test('the secret may come from a file, and is then told nowhere', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-forward-'))
  t.after(() => rm(folder, { recursive: true }))
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  const file = join(folder, 'secret')
  await writeFile(file, `${secret}\n`)
  const { received, url } = await aLaptop(t)
  const flags = ['-A', '--recent=0', '-ojson', `--forward-to=${url}`, `--forward-secret-file=${file}`]
  const it = await listening(t, flags)
  await it.untilForwarded({}, () => it.lines.length > 0)
  const [request] = received
  assert.ok(request)
  assert.doesNotThrow(() => new Webhook(secret).verify(request.body, request.headers as Record<string, string>))
  assert.ok(!`${it.lines.join()}${it.errors.join()}`.includes(secret))
  const line = JSON.parse(it.lines[0] ?? '') as Record<string, unknown>
  assert.deepEqual([line['kind'], line['pod'], line['status'], line['url']], ['forward', 'gwh-receiver-1', 200, url])
  await it.end()
})

test('only events of the objects that are meant are forwarded', async (t) => {
  const { received, url } = await aLaptop(t)
  const it = await listening(t, ['--webhook=web/chat', '--recent=0', `--forward-to=${url}`])
  const chat = { owner: { uid: 'u', namespace: 'web', name: 'chat' } }
  await it.untilForwarded(chat, () => {
    it.b.arrivals.add(anEvent({ eventId: 'msg_other' }))
    return received.length > 0
  })
  assert.ok(received.every(({ headers }) => headers['webhook-id'] !== 'msg_other'))
  await it.end()
})

test('an address that takes nothing is told for each event, and listening goes on', async (t) => {
  const it = await listening(t, ['-A', '--recent=0', '--forward-to=http://127.0.0.1:9/'])
  await it.untilForwarded({}, () => it.lines.length > 1)
  assert.match(it.lines[0] ?? '', / => http:\/\/127\.0\.0\.1:9\/ connectionRefused \d+ms$/)
  await it.end()
})

test('a program that never answers, or begins and never ends, is given up after the timeout, and the next event goes on', async (t) => {
  const server = createServer((request, response) => {
    request.resume()
    if (request.url === '/begins') response.writeHead(200).write('{')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const [path, said] of [
    ['/silent', / timeout \d+ms$/],
    ['/begins', / 200 \d+ms$/],
  ] as const) {
    const flags = ['-A', '--recent=0', `--forward-to=${origin}${path}`, '--forward-timeout=100ms']
    const it = await listening(t, flags)
    await it.untilForwarded({}, () => it.lines.length > 1)
    for (const line of it.lines) assert.match(line, said)
    await it.end()
  }
})

test('what contradicts itself is refused before anybody is asked', async (t) => {
  const { gwh, seen } = await twoReceivers(t)
  for (const [flags, said] of [
    [['--forward-to=http://localhost:1', '--no-follow'], /only what happens from now on is forwarded/],
    [['--forward-to=http://localhost:1', '--sink=worker'], /before any sink has it/],
    [['--forward-secret-file=/dev/null'], /has no use without forward-to/],
    [['--forward-to=http://['], /forward-to: is not a URL/],
    [['--forward-to=http://localhost:99999'], /forward-to: is not a URL/],
    [['--forward-to=http://me:a-password@localhost:1'], /a user or password in the URL is not sent/],
    [['--forward-to=localhost:1'], /is not a URL that starts with http/],
  ] as const) {
    const { code, err } = await gwh('listen', ...flags)
    assert.equal(code, 2, flags.join(' '))
    assert.match(err, said)
    assert.doesNotMatch(err, /a-password/)
  }
  assert.deepEqual(seen, [])
  const noSecret = await gwh(
    'listen',
    '-A',
    '--recent=0',
    '--forward-to=http://localhost:1',
    '--forward-secret-file=/dev/null',
  )
  assert.equal(noSecret.code, 1)
  assert.match(noSecret.err, /--forward-secret-file: \/dev\/null: the secret does not start with whsec_/)
})
