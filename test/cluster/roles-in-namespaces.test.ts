import assert from 'node:assert/strict'
import { test } from 'node:test'

import { eventually } from '../support/measures/eventually.ts'
import { applyCrds, withRealApiServer } from '../support/processes/real-api-server.ts'
import { home, tenant } from '../support/worlds/controller-fixture.ts'
import { platform, startRouteFixture, team } from '../support/worlds/route-fixture.ts'

const patience = { timeoutMs: 30_000, intervalMs: 50 }

await withRealApiServer('a controller with rights in single namespaces', (server) => {
  test('a watched namespace without rights holds up no count of routes, and counts once rights are given', async (t) => {
    const running = server()
    await applyCrds(running)
    const fixture = await startRouteFixture(t, {
      kubeconfigPath: running.kubeconfigPath,
      controllerKubeconfig: () => running.kubeconfigForServiceAccount(home, 'gwh-controller'),
      config: { watchNamespaces: [tenant, team, 'without-rights'] },
    })
    const kubectl = async (...args: string[]) => {
      const { code, stderr } = await running.kubectl(args)
      assert.equal(code, 0, stderr)
    }
    const give = (namespace: string) => {
      const subject = `--serviceaccount=${home}:gwh-controller`
      return kubectl('-n', namespace, 'create', 'rolebinding', 'gwh', '--clusterrole=gwh-controller', subject)
    }
    await kubectl('apply', '-f', 'deploy/rbac/controller.yaml')
    await kubectl('delete', 'clusterrolebinding', 'gwh-controller')
    await kubectl('create', 'namespace', 'without-rights')
    await Promise.all([home, tenant, team].map(give))
    await fixture.startController()
    await fixture.putApiKey()
    await fixture.apply(platform, { allowedRoutes: { namespaces: { from: 'Names', names: [team, 'without-rights'] } } })
    await fixture.applyRoute('nightly')
    await fixture.applyRoute('unread', {}, 'without-rights')
    await fixture.untilReason('nightly', 'Attached')
    const counted = async (attached: number) => (await fixture.get(platform))?.status?.routes?.attached === attached
    await eventually('what may be read is counted', () => counted(1), patience)
    await give('without-rights')
    await fixture.untilReason('unread', 'Attached', 'without-rights')
    await eventually('all of them are counted', () => counted(2), patience)
  })
})
