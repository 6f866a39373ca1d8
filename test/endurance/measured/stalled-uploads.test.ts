import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { request } from 'undici'

import { defaultLimits } from '../../../src/receiver/limits.ts'
import { bundledProgram } from '../../support/processes/bundled-program.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { leastHeldBytes } from '../../support/measures/held-memory.ts'
import { requestHead, RawConnection } from '../../support/measures/raw-connection.ts'
import { receiverFiles, startReceiverProcess, type ReceiverFiles } from '../../support/processes/receiver-process.ts'
import { residentBytes } from '../../support/measures/resident-size.ts'
import { signedDelivery } from '../../support/builders/signed-delivery.ts'

const kibibyte = 1024
const mebibyte = kibibyte * kibibyte
const uploads = 800
/**
 * Of the budget for bodies, what one object alone may hold: four fifths of four fifths, for the rest is for the others.
 */
const objectsShare = 0.64
/**
 * What each sends of the 256 KiB that it announces. All of the first waves fit; the last is more than the process may
 * hold.
 */
const waves = [48, 48, 48, 200]
/**
 * Of what the program itself holds. A body in pieces takes about twice its size while it is put together; the rest is
 * for 800 connections and garbage. The last wave without a budget would be above it.
 */
const maxHeldGrowthBytes = 4 * defaultLimits.maxHeldBodyBytes
/** Of what is resident: what V8 and the C library keep of what was given back besides. */
const maxResidentGrowthBytes = maxHeldGrowthBytes + 64 * mebibyte
/** Of what the program itself holds, from the first wave to the third. */
const maxDriftBytes = 24 * mebibyte

/** Of its memory while all are held: they end 10 s after they began. */
const scrapes = 40

const program = bundledProgram()

test(
  `${uploads} stalled uploads, wave after wave: memory stays bounded, and deliveries are taken beside them`,
  { timeout: 240_000 },
  async (t) => {
    const files = await receiverFiles(t, await aSink(t))
    const flags = [`--data-dir=${join(files.folder, 'data')}`]
    const receiver = startReceiverProcess({ files, podName: 'receiver-0', flags, program, logName: 'receiver-stalled' })
    t.after(() => receiver.kill())
    const { port, healthPort } = await receiver.logged('receiver.started')
    const ports = { port: Number(port), healthPort: Number(healthPort) }
    assert.equal(await deliver(files, ports.port), 204)
    const beforeBytes = residentBytes(receiver.pid)
    const accountedBefore = await leastHeldBytes(ports.healthPort, scrapes)

    const peaks: number[] = []
    const accounted: number[] = []
    for (const wave of waves) {
      await stallAll(files, ports, wave * kibibyte, async () => {
        peaks.push(residentBytes(receiver.pid))
        accounted.push(await leastHeldBytes(ports.healthPort, scrapes))
      })
      assert.equal(await deliver(files, ports.port), 204, 'after them')
    }

    const [first = 0, , third = Infinity] = accounted
    t.diagnostic(
      `MiB while ${uploads} stalled after ${waves.join(', ')} KiB: resident ${told(peaks)} (${told([beforeBytes])} before), of it held by the program ${told(accounted)} (${told([accountedBefore])} before)`,
    )
    assert.ok(third - first < maxDriftBytes, 'the third wave costs no more than the first')
    assert.ok(Math.max(...accounted) - accountedBefore < maxHeldGrowthBytes, 'bounded by what may be held')
    assert.ok(Math.max(...peaks) - beforeBytes < maxResidentGrowthBytes, 'and so is what is resident')
    assert.equal(await receiver.terminate(), 0, receiver.describe())
  },
)

const told = (samples: readonly number[]) => samples.map((bytes) => Math.round(bytes / mebibyte)).join(', ')

/**
 * Each announces the largest body and stops after so many bytes of it. Resolves once the receiver has ended all of
 * them.
 */
async function stallAll(
  files: ReceiverFiles,
  { port, healthPort }: { port: number; healthPort: number },
  bytes: number,
  whileHeld: () => Promise<void>,
): Promise<void> {
  const { maxHeldBodyBytes, maxBodyBytes } = defaultLimits
  const fits = uploads * bytes < objectsShare * maxHeldBodyBytes
  const connections = await Promise.all(Array.from({ length: uploads }, () => RawConnection.open(port)))
  const { headers } = signedDelivery({ secret: files.secret, atMs: Date.now() })
  const head = requestHead(`POST ${files.path}`, { ...headers, 'content-length': maxBodyBytes })
  const sent = Buffer.alloc(bytes, 'x')
  for (const connection of connections) connection.write(head).write(sent)
  const enough = fits ? uploads * bytes : 0.95 * objectsShare * maxHeldBodyBytes
  await eventually('the bodies are held', async () => (await heldBytes(healthPort)) >= enough, { timeoutMs: 9_000 })
  assert.ok((await heldBytes(healthPort)) <= maxHeldBodyBytes, 'never more than the budget')
  await whileHeld()
  if (fits) assert.equal(await deliver(files, port), 204, 'beside them')
  await Promise.all(connections.map(({ closed }) => closed))
  const answers = new Set(connections.flatMap(({ statuses }) => statuses))
  assert.deepEqual(
    [...answers].toSorted((a, b) => a - b),
    fits ? [408] : [408, 503],
    'told that they are too slow, or refused at once',
  )
  await eventually('nothing is held any more', async () => (await heldBytes(healthPort)) === 0)
}

function heldBytes(healthPort: number): Promise<number> {
  return metric(healthPort, 'gwh_receiver_held_body_bytes')
}

async function metric(healthPort: number, name: string): Promise<number> {
  const { body } = await request(`http://127.0.0.1:${healthPort}/metrics`)
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(await body.text())?.[1])
}

async function deliver({ secret, path }: ReceiverFiles, port: number): Promise<number> {
  const { headers, body } = signedDelivery({ secret, atMs: Date.now() })
  const answer = await request(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body })
  await answer.body.dump()
  return answer.statusCode
}

async function aSink(t: TestContext): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(204).end())
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
