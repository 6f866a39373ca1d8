import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'

import { controllerSettings } from '../../src/config/controller-config.ts'
import { parseSettings } from '../../src/config/parse-settings.ts'
import { receiverSettings } from '../../src/config/receiver-config.ts'
import { everyAddress, hostInUrl, listenOn } from '../../src/listen-on.ts'

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

/** A machine on which listening at some addresses fails with a code. */
class ServerDouble extends EventEmitter {
  readonly tried: string[] = []
  readonly #failures: Readonly<Record<string, string>>
  constructor(failures: Readonly<Record<string, string>>) {
    super()
    this.#failures = failures
  }
  listen({ host }: { host: string }) {
    this.tried.push(host)
    const code = this.#failures[host]
    process.nextTick(() => {
      if (code === undefined) this.emit('listening')
      else this.emit('error', Object.assign(new Error(`listen ${code}`), { code }))
    })
  }
  address() {
    return { port: 8080 }
  }
}

const listen = (double: ServerDouble, host: string) => listenOn(double as unknown as Server, { host, port: 0 })

for (const code of ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT', 'EINVAL']) {
  test(`where IPv6 is off (${code}), every address is every one of IPv4`, async () => {
    const double = new ServerDouble({ '::': code })
    assert.deepEqual(await listen(double, everyAddress), { port: 8080 })
    assert.deepEqual(double.tried, ['::', '0.0.0.0'])
    assert.deepEqual([double.listenerCount('error'), double.listenerCount('listening')], [0, 0])
  })
}

test('a port that is taken or forbidden is told at once, and another address is never taken instead of a chosen one', async () => {
  for (const [host, code] of [
    ['::', 'EADDRINUSE'],
    ['::', 'EACCES'],
    ['fd00::7', 'EADDRNOTAVAIL'],
    ['::1', 'EAFNOSUPPORT'],
  ] as const) {
    const double = new ServerDouble({ [host]: code })
    await assert.rejects(listen(double, host), { code })
    assert.deepEqual(double.tried, [host])
  }
})

test('every address takes connections of both families', async (t) => {
  const server = createServer((socket) => socket.end())
  t.after(() => server.close())
  const { port } = await listenOn(server, { host: everyAddress, port: 0 })
  for (const host of ['127.0.0.1', ...(hasIpv6 ? ['::1'] : [])]) {
    const socket = connect({ host, port })
    await once(socket, 'connect')
    socket.destroy()
  }
})

test('every port of controller and receiver that is not for this machine alone listens on every address', () => {
  const hosts = [
    parseSettings(controllerSettings, { flags: ['--base-url=https://192.0.2.1'], env: {} }),
    parseSettings(receiverSettings, { flags: ['--data-dir=/tmp/inbox'], env: {} }),
  ].flatMap((parsed) => {
    assert.equal(parsed.type, 'config', JSON.stringify(parsed))
    const { config } = parsed as { config: { host?: string; healthHost: string } }
    return [config.healthHost, config.host].filter((host) => host !== undefined)
  })
  assert.deepEqual(hosts, ['::', '::', '::'])
})

test('URLs have IPv6 addresses in brackets', () => {
  assert.deepEqual(['::1', 'fd00::7', '127.0.0.1', 'localhost'].map(hostInUrl), [
    '[::1]',
    '[fd00::7]',
    '127.0.0.1',
    'localhost',
  ])
})
