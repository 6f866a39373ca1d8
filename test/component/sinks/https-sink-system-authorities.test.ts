import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

import { aSender, anHttpsServer, authority, client, server } from '../../support/doubles/https-sinks.ts'

// A file of its own, for it changes whom the whole process trusts.
setDefaultCACertificates([...getCACertificates('default'), authority(1)])

const mutual = { ...server(1), ca: authority(1), requestCert: true, rejectUnauthorized: true }

test('a client certificate is shown to a server that an authority of the system vouches for', async (t) => {
  const worker = await anHttpsServer(t, mutual)
  const send = aSender(t)
  assert.deepEqual(await send(worker.url, { clientCertificate: client(1) }), { type: 'delivered', status: 204 })
  assert.deepEqual(worker.clients, ['client-1'])
})

test('without it the same server hangs up', async (t) => {
  const worker = await anHttpsServer(t, mutual)
  assert.equal((await aSender(t)(worker.url)).type, 'retryable')
  assert.deepEqual(worker.clients, [])
})

test('an authority that the sink names stands in place of those of the system', async (t) => {
  const worker = await anHttpsServer(t, server(1))
  const send = aSender(t)
  assert.deepEqual(await send(worker.url), { type: 'delivered', status: 204 })
  assert.deepEqual(await send(worker.url, { ca: authority(2) }), { type: 'retryable', cause: 'tls' })
})
