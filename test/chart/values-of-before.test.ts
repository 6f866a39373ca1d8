import assert from 'node:assert/strict'
import { test } from 'node:test'

import { makeCheckout } from '../support/measures/page-commands.ts'
import { withHelm } from '../support/processes/helm-chart.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'

const chart = 'charts/gemini-webhook-operator'

withHelm('values of a version before', (charts) => {
  for (const { major, helm } of charts) {
    void withRealApiServer(`with Helm ${major}, on a real API server`, (server) => {
      test('--reuse-values leaves new defaults away and is refused; --reset-then-reuse-values keeps what was set', (t) => {
        const { kubeconfigPath, kubectlPath } = server()
        const checkout = makeCheckout({ kubeconfigPath, programs: { helm, kubectl: kubectlPath }, env: {} })
        t.after(() => checkout.remove())
        // A chart from before a value came.
        checkout.run(
          `cp -r ${chart} before && rm before/values.schema.json && sed -i '/honorLabels:/d' before/values.yaml`,
        )
        checkout.run(`helm install gwh before --namespace gwh --create-namespace \
          --set baseUrl=https://hooks.example.com --set controller.config.logLevel=debug`)
        const upgrade = (flag: string) => checkout.run(`helm upgrade gwh ${chart} --namespace gwh ${flag}`)
        const data = () =>
          JSON.parse(
            checkout.run(`kubectl --namespace gwh get configmap gwh-controller --output jsonpath='{.data}'`),
          ) as Record<string, string>

        assert.throws(() => upgrade('--reuse-values'), /serviceMonitor': missing property 'honorLabels'/)
        assert.equal(checkout.run('helm list --namespace gwh --no-headers').split(/\s+/)[2], '1')
        upgrade('--reset-then-reuse-values')
        assert.equal(data()['GWH_LOG_LEVEL'], 'debug')
      })
    })
  }
})
