import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

import { isLong, playBeside, type Around } from '../../support/worlds/neighbours/play-beside.ts'

/** A small bound stands for 4,096: so many sockets cost the machine more than the receiver. */
const maxConnections = 300
const newPerSecond = 7

/**
 * A probe, or a delivery with a wrong signature: whoever sent either may keep a connection for as long as it likes, or
 * so it would like.
 */
const requests = {
  'a probe': () => 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n',
  'a forgery': () =>
    `POST /v1/s/victim/steady HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\nwebhook-id: m\r\nwebhook-timestamp: ${Math.floor(Date.now() / 1_000)}\r\nwebhook-signature: v1,${'A'.repeat(43)}=\r\n\r\nx`,
  nothing: () => '',
} as const

for (const [what, request] of Object.entries(requests).slice(0, isLong ? undefined : 1)) {
  playBeside(`idle connections up to the bound, after ${what}, and ${newPerSecond} new a second`, async () => ({
    attackers: [],
    flags: [`--max-connections=${maxConnections}`],
    fresh: true,
    async begin(around) {
      const open = new Set<Socket>()
      around.signal.addEventListener('abort', () => {
        for (const socket of open) socket.destroy()
      })
      for (let at = 0; at < maxConnections; at += 1) hold(open, around, request())
      await pause(1_500)
      void keepComing(open, around, request)
    },
  }))
}

function hold(open: Set<Socket>, { port }: Around, request: string): void {
  const socket = connect(port, '127.0.0.1', () => socket.write(request))
  open.add(socket)
  socket
    .on('error', () => {})
    .on('close', () => open.delete(socket))
    .resume()
}

async function keepComing(open: Set<Socket>, around: Around, request: () => string): Promise<void> {
  while (!around.signal.aborted) {
    hold(open, around, request())
    await pause(1_000 / newPerSecond)
  }
}
