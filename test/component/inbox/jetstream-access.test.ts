import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

import { openJetstreamInbox, type JetstreamInboxOptions } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { createServingCertificate } from '../../../playground/kubernetes-api/serving-certificate.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { aStream } from '../../support/builders/jetstream-options.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'

const leaseMs = 60_000

async function aServer(t: TestContext, configuration: string): Promise<NatsServer> {
  const server = await NatsServer.start({ configuration })
  t.after(() => server.dispose())
  return server
}

function optionsFor(server: NatsServer): JetstreamInboxOptions {
  return { ...aStream(server.url), clock: new FakeClock(), logger: silentLogger, metrics: createMetrics() }
}

/** From an empty stream to one that holds an id and nothing else. */
async function expectWholeLife(t: TestContext, options: JetstreamInboxOptions): Promise<void> {
  const inbox = await openJetstreamInbox(options)
  t.after(() => inbox.close())
  assert.equal(await inbox.append(anEvent({ sinks: ['a', 'b'] })), 'stored')
  assert.equal(await inbox.append(anEvent()), 'duplicate')
  const [one, two] = await inbox.claimDue(2, leaseMs)
  assert.ok(one && two)
  await inbox.record(one, { type: 'DeadLetter', reason: 'Rejected' })
  await inbox.record(two, { type: 'Succeed' })
  const [letter] = (await inbox.deadLetters({ limit: 1 })).deadLetters
  assert.ok(letter && (await inbox.replay(letter.deliveryId)))
  const [again] = await inbox.claimDue(1, leaseMs)
  assert.ok(again)
  await inbox.record(again, { type: 'Succeed' })
  assert.equal((await inbox.stats()).events, 0)
}

void describe('the way to the NATS server', { skip: withoutNatsServer }, () => {
  it('the rights that docs/inbox.md lists are enough for everything', async (t) => {
    const docs = await readFile('docs/inbox.md', 'utf8')
    const row = docs.split('\n').find((line) => line.startsWith('| `gwh.inbox.>`'))
    const [publish = [], subscribe = []] = (row ?? '')
      .split('|')
      .slice(1)
      .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]))
    assert.ok(publish.length > 5 && subscribe.length > 0, 'the table is where it was')
    const permissions = { publish: { allow: publish }, subscribe: { allow: subscribe } }
    const user = { user: 'receiver', password: 'unused', permissions }
    const server = await aServer(t, `authorization { users: ${JSON.stringify([user])} }\nno_auth_user: receiver`)
    const names = { stream: 'GWH_INBOX', subjectPrefix: 'gwh.inbox' }
    const refused: object[] = []
    const logger = { ...silentLogger, error: (details: object) => void refused.push(details) }
    await expectWholeLife(t, { ...optionsFor(server), ...names, logger })
    await assert.rejects(openJetstreamInbox({ ...optionsFor(server), stream: 'ANOTHER' }), /ermission/)
    assert.deepEqual(refused, [])
  })

  it('without JetStream, and with more copies than servers, the message says what to look at', async (t) => {
    const server = await aServer(t, '')
    await assert.rejects(
      openJetstreamInbox({ ...optionsFor(server), replicas: 3 }),
      /inbox stream INBOX_1: it could not be found or made: .*replicas.*; check the NATS servers and --nats-replicas/,
    )
    await server.kill()
    await server.start({ jetstream: false })
    await assert.rejects(
      openJetstreamInbox(optionsFor(server)),
      /inbox: JetStream at nats:\/\/127\.0\.0\.1:\d+ does not answer: .*it may be off/,
    )
  })

  it('a user who may not change the stream is served without batches', async (t) => {
    const permissions = { publish: { allow: ['>'], deny: ['$JS.API.STREAM.UPDATE.>'] } }
    const user = { user: 'receiver', password: 'unused', permissions }
    const server = await aServer(t, `authorization { users: ${JSON.stringify([user])} }\nno_auth_user: receiver`)
    const connection = await connect({ servers: server.url })
    t.after(() => connection.close())
    const manager = await jetstreamManager(connection)
    await (await openJetstreamInbox(optionsFor(server))).close()
    const { config } = await manager.streams.info('INBOX_1')
    await manager.streams.delete('INBOX_1')
    await manager.streams.add({ ...config, allow_atomic: false })
    const warnings: string[] = []
    const logger = { ...silentLogger, warn: (_details: object, event: string) => void warnings.push(event) }
    await expectWholeLife(t, { ...optionsFor(server), logger })
    assert.ok(warnings.includes('inbox.writes_one_by_one'))
    assert.equal((await manager.streams.info('INBOX_1')).config.allow_atomic ?? false, false)
  })

  it('an authority of your own is trusted where it is given, and nowhere else', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'gwh-nats-tls-'))
    t.after(() => rm(folder, { recursive: true }))
    const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    const made = createServingCertificate('127.0.0.1')
    await writeFile(certificate, made.certPem)
    await writeFile(key, made.keyPem)
    const files = { cert_file: certificate, key_file: key }
    const server = await aServer(t, `tls ${JSON.stringify(files)}`)
    const urls = [server.url.replace('nats://', 'tls://')]
    await expectWholeLife(t, { ...optionsFor(server), urls, caFile: certificate })
    await assert.rejects(openJetstreamInbox({ ...optionsFor(server), urls }), /no connection to NATS.*self-signed/)
  })

  it('a server without encryption is refused where tls:// insists on it', async (t) => {
    const server = await aServer(t, '')
    const urls = [server.url.replace('nats://', 'tls://')]
    await assert.rejects(openJetstreamInbox({ ...optionsFor(server), urls }), /no connection to NATS.*tls/)
  })

  it('without a server, or without the credentials file, the start says where it looked', async (t) => {
    const server = await aServer(t, '')
    const folder = await mkdtemp(join(tmpdir(), 'gwh-nats-access-'))
    t.after(() => rm(folder, { recursive: true }))
    const credentialsFile = join(folder, 'user.creds')
    await assert.rejects(openJetstreamInbox({ ...optionsFor(server), credentialsFile }), /no connection.*user\.creds/)
    await server.kill()
    await assert.rejects(
      openJetstreamInbox(optionsFor(server)),
      /no connection to NATS at nats:\/\/127.*check --nats-url/,
    )
  })

  it('a server with an empty disk in place of the old one ends the inbox, which then begins anew', async (t) => {
    const server = await aServer(t, '')
    const clock = new FakeClock()
    let ended = ''
    const options = { ...optionsFor(server), clock, onEnded: (why: string) => (ended = why) }
    const inbox = await openJetstreamInbox(options)
    t.after(() => inbox.close())
    await server.kill()
    await server.forget()
    await server.start()
    await eventually('it ends', async () => {
      await clock.advance({ ms: 500 })
      return /its stream was deleted/.test(ended)
    })
    const again = await openJetstreamInbox({ ...options, metrics: createMetrics() })
    t.after(() => again.close())
    assert.equal(await again.append(anEvent()), 'stored')
  })

  it('a server that came back without JetStream is an obstacle, until it has it again', async (t) => {
    const server = await aServer(t, '')
    const clock = new FakeClock()
    const inbox = await openJetstreamInbox({ ...optionsFor(server), clock })
    t.after(() => inbox.close())
    const lookUntil = (what: string, obstacle: string | undefined) =>
      eventually(what, async () => {
        await clock.advance({ seconds: 5 })
        return inbox.obstacle === obstacle
      })
    await server.kill()
    await server.start({ jetstream: false })
    await lookUntil('it takes nothing', 'WritesFail')
    await server.kill()
    await server.start()
    await lookUntil('it takes events again', undefined)
    assert.equal(await inbox.append(anEvent()), 'stored')
  })

  it('a server that comes back is used again, without anybody doing anything', async (t) => {
    const server = await aServer(t, '')
    const inbox = await openJetstreamInbox(optionsFor(server))
    t.after(() => inbox.close())
    await server.kill()
    await eventually('appends fail at once', async () => {
      const startedMs = performance.now()
      const failed = await inbox.append(anEvent()).then(
        () => false,
        (error: unknown) => error instanceof Error && /no connection to the server/.test(error.message),
      )
      return failed && performance.now() - startedMs < 100
    })
    assert.equal(inbox.obstacle, 'Disconnected')
    await server.start()
    await eventually('it takes events, without an append', () => inbox.obstacle === undefined)
    await eventually('it stores again', async () => (await inbox.append(anEvent())) === 'stored')
  })
})
