import {
  configMapKind,
  secretKind,
  serviceKind,
  type ConfigMap,
  type Service,
} from '../../../src/kubernetes/core-kinds.ts'
import type { ObjectKey } from '../../../src/kubernetes/client.ts'
import { slotNames } from '../../../src/contract/receiver-report/slots.ts'
import { playBesideController } from '../../support/worlds/neighbours/play-beside-controller.ts'
import { operatorNamespace, publicHost, tenant } from '../../support/worlds/simulated-operator.ts'

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}-${at}`)
const merge = { type: 'merge' } as const

playBesideController('700 objects of one key, which all wait for its budget', async ({ evil }) => {
  await evil.giveApiKey('evil')
  for (const name of numbered('crowd', 700)) await evil.apply(name, { endpointCheck: 'Never' })
  return undefined
})

for (const whose of ['of their own', 'of the victim'] as const) {
  playBesideController(
    `objects with a key ${whose} claim the victim's URLs and webhooks`,
    async ({ operator, evil, victims, apiKey }) => {
      if (whose === 'of their own') await evil.giveApiKey('evil')
      else await evil.putSecret('gemini-api-key', { 'api-key': apiKey })
      const unclaimed = new Set(victims)
      for (const name of victims) {
        await evil.apply(`url-of-${name}`, { endpoint: { url: `https://${publicHost}/v1/s/${tenant}/${name}` } })
        await evil.apply(`id-of-${name}`, { suspend: true })
      }
      return async () => {
        for (const name of unclaimed) {
          const externalID = (await operator.get(name))?.status?.webhook?.id
          if (externalID === undefined) continue
          unclaimed.delete(name)
          await evil.patch(`id-of-${name}`, { spec: { externalID, suspend: false, adoptionPolicy: 'TakeOver' } })
        }
      }
    },
  )
}

playBesideController(
  'Services of sinks turn into an ExternalName and back, all the time',
  async ({ operator, evil }) => {
    await evil.giveApiKey('evil')
    const services = numbered('service', 8)
    const spec = { clusterIP: '10.96.0.7', selector: { app: 'worker' }, ports: [{ port: 80 }] }
    for (const name of services) {
      const metadata = { namespace: 'evil', name }
      await operator.client.create<Service>(serviceKind, { apiVersion: 'v1', kind: 'Service', metadata, spec })
      await evil.apply(name, { endpointCheck: 'Never', sinks: [{ name: 'worker', service: { name } }] })
    }
    const external = { type: 'ExternalName', externalName: 'admin.other-tenant.svc.cluster.local' }
    let turns = 0
    return async () => {
      turns += 1
      for (const name of services) {
        const key: ObjectKey = { namespace: 'evil', name }
        const service = await operator.client.get<Service>(serviceKind, key)
        if (service === undefined) continue
        await operator.client.replace<Service>(serviceKind, { ...service, spec: turns % 2 === 1 ? external : spec })
      }
    }
  },
)

playBesideController(
  'metadata of Secrets that the controller and another hand both set, for ever',
  async ({ operator, evil }) => {
    await evil.giveApiKey('evil')
    const contested = numbered('contested', 8)
    for (const name of contested) {
      await evil.apply(name, { signingSecret: { labels: { team: name } }, endpointCheck: 'Never' })
    }
    const taken = { metadata: { labels: { team: null, 'app.kubernetes.io/managed-by': 'me' } } }
    return async () => {
      for (const name of contested) {
        const key: ObjectKey = { namespace: 'evil', name: `${name}-signing-secret` }
        if ((await operator.client.get(secretKind, key)) === undefined) continue
        await operator.client.patch(secretKind, key, taken, merge)
      }
    }
  },
  ['--allowed-secret-labels=team'],
)

playBesideController('a receiver that lies about the victim in every report', async ({ operator, victims }) => {
  let turns = 0
  return async () => {
    turns += 1
    if (turns % 5 !== 1) return
    const found = await Promise.all(victims.map((name) => operator.get(name)))
    const fields = {
      check: { attemptID: `forged-${turns}`, keyID: 'x'.repeat(64) },
      lastVerifiedTime: '9999-12-31T00:00:00Z',
      refusingSince: turns % 2 === 0 ? 'not a time' : new Date(operator.clock.now()).toISOString(),
      pending: turns * 1_000,
    }
    const endpoints = Object.fromEntries(found.flatMap((one) => (one ? [[one.metadata.uid, fields]] : [])))
    const time = `${new Date(operator.clock.now()).toISOString().slice(0, 19)}Z`
    const lie = JSON.stringify({ time, ownInbox: true, endpoints })
    for (const name of slotNames) {
      const key: ObjectKey = { namespace: operatorNamespace, name }
      const broken = { data: { hostile: lie, broken: '{', 'not.a_pod': '[]' } }
      await operator.client.patch<ConfigMap>(configMapKind, key, broken, merge)
    }
  }
})
