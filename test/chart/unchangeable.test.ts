import assert from 'node:assert/strict'
import { test } from 'node:test'

import { withHelm } from '../support/processes/helm-chart.ts'
import { makeCheckout } from '../support/measures/page-commands.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'

const told = /What cannot be changed in place.*Nothing was changed/

/** What an upgrade asks for, and the value that the refusal names. */
const refused: Record<string, [flags: string, value: RegExp]> = {
  'a larger volume': ['--set receiver.persistence.size=10Gi', /receiver\.persistence\.size: .*"2Gi".*"10Gi"/],
  'a smaller volume': ['--set receiver.persistence.size=1Gi', /receiver\.persistence\.size: /],
  'annotations of the claims': ['--set receiver.persistence.annotations.backup=yes', /persistence\.annotations: /],
  'another access mode': ['--set receiver.persistence.accessMode=ReadWriteOncePod', /persistence\.accessMode: /],
  'another class of storage': ['--set receiver.persistence.storageClassName=fast', /persistence\.storageClassName: /],
  'another first address family': ['--set ipFamilies={IPv6}', /ipFamilies: Service gwh-\S+ has IPv4/],
  'another class of load balancer': [
    '--set receiver.service.type=LoadBalancer --set receiver.service.loadBalancerClass=example.com/b',
    /receiver\.service\.loadBalancerClass: .*"example.com\/a"/,
  ],
}
const accepted: Record<string, string> = {
  'the same size in another unit': '--set receiver.persistence.size=2048Mi',
  'the family that there is': '--set ipFamilies={IPv4}',
  'more receivers': '--set receiver.replicas=2',
  'an inbox in JetStream instead': '--set inbox.driver=jetstream --set inbox.jetstream.urls={nats://nats:4222}',
}

withHelm('what Kubernetes does not let change', (charts) => {
  for (const { major, helm } of charts) {
    void withRealApiServer(`by an upgrade with Helm ${major}, on a real API server`, (server) => {
      test('is refused before anything is changed, and upgrades go on', (t) => {
        const { kubeconfigPath, kubectlPath } = server()
        const checkout = makeCheckout({ kubeconfigPath, programs: { helm, kubectl: kubectlPath }, env: {} })
        t.after(() => checkout.remove())
        const upgrade = (flags: string) =>
          checkout.run(`helm upgrade --install gwh charts/gemini-webhook-operator --namespace gwh --create-namespace \
            --set baseUrl=https://hooks.example.com \
            --set receiver.service.type=LoadBalancer --set receiver.service.loadBalancerClass=example.com/a ${flags}`)
        upgrade('')
        const revision = () => checkout.run('helm list --namespace gwh --no-headers').split(/\s+/)[2]
        for (const [what, [flags, value]] of Object.entries(refused)) {
          assert.throws(
            () => upgrade(flags),
            ({ message }: Error) => value.test(message) && told.test(message),
            what,
          )
        }
        assert.equal(revision(), '1', 'a refused upgrade leaves no trace')
        for (const flags of Object.values(accepted)) upgrade(flags)
        assert.equal(revision(), String(1 + Object.keys(accepted).length))
      })
    })
  }
})
