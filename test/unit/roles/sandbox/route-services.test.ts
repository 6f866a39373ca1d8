import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Destination, ResolvedSink } from '../../../../src/contract/keyring/entry.ts'
import type { KubernetesClient } from '../../../../src/kubernetes/client.ts'
import { routeServicesToThisMachine } from '../../../../src/roles/sandbox/route-services.ts'
import type { OutgoingDelivery, Sink, SinkInUse } from '../../../../src/sinks/port.ts'

const services: Record<string, object> = {
  'team/worker': {
    spec: {
      ports: [
        { port: 80, targetPort: 3000 },
        { port: 81, targetPort: 'http' },
      ],
    },
  },
}
const client = {
  get: async (_kind, { namespace, name }) => services[`${namespace}/${name}`],
} as Pick<KubernetesClient, 'get'>

async function destinationAfterRouting(
  destination: Destination,
  host = '127.0.0.1',
): Promise<SinkInUse['destination'] | undefined> {
  let sent: SinkInUse['destination'] | undefined
  const inner: Sink = {
    async send({ sink }) {
      sent = sink.destination
      return { type: 'delivered' }
    },
    close: async () => {},
  }
  const sink = { name: 'worker', destination } as ResolvedSink
  const delivery = { sink, attempt: 1, replayed: false } as OutgoingDelivery
  await routeServicesToThisMachine(inner, host, client).send(delivery, new AbortController().signal)
  return sent
}

const http = (url: string): Destination => ({ type: 'http', url, reach: 'cluster' })
const cases = [
  {
    name: 'a Service goes to its targetPort here',
    given: 'http://worker.team.svc:80/events?a=1',
    want: 'http://127.0.0.1:3000/events?a=1',
  },
  { name: "the scheme's port counts as given", given: 'http://worker.team.svc/', want: 'http://127.0.0.1:3000/' },
  {
    name: 'with a cluster domain too',
    given: 'http://worker.team.svc.cluster.local:80/',
    want: 'http://127.0.0.1:3000/',
  },
  {
    name: 'another port of the Service stays',
    given: 'http://worker.team.svc:82/',
    want: 'http://worker.team.svc:82/',
  },
  {
    name: 'a named targetPort stays: there are no pods to ask',
    given: 'http://worker.team.svc:81/',
    want: 'http://worker.team.svc:81/',
  },
  {
    name: 'a Service that does not exist stays',
    given: 'http://other.team.svc:80/',
    want: 'http://other.team.svc:80/',
  },
  { name: 'what is no Service stays', given: 'https://public.example.com/x', want: 'https://public.example.com/x' },
]
for (const { name, given, want } of cases) {
  test(`routing in the sandbox: ${name}`, async () => {
    assert.deepEqual(await destinationAfterRouting(http(given)), http(want))
  })
}

test('routing in the sandbox: Kubernetes Events are left alone', async () => {
  const destination: Destination = { type: 'kubernetesEvent', maxPerHour: 60 }
  assert.deepEqual(await destinationAfterRouting(destination), destination)
})

test('a sandbox on an IPv6 address gets URLs with brackets', async () => {
  const routed = await destinationAfterRouting(http('http://worker.team.svc:80/events'), '::1')
  assert.deepEqual(routed, http('http://[::1]:3000/events'))
})
