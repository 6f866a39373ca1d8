import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Logger } from '../../../src/observability/logger.ts'
import { startSandbox } from '../../../src/roles/sandbox/start.ts'
import { findMetrics } from '../../../tools/generate-metrics-page.ts'
import { roleDeps } from '../../support/builders/role-deps.ts'

/** The health ports of the roles as their logs tell them. */
function portReader(inner: Logger) {
  const ports = new Map<string, number>()
  const logger: Logger = {
    ...inner,
    info(details, message) {
      if (typeof details['healthPort'] === 'number') ports.set(message, details['healthPort'])
      inner.info(details, message)
    },
    child: () => logger,
  }
  return { logger, ports }
}

test('what the controller and the receiver expose is what the page of metrics says: name, type, help and labels', async (t) => {
  const { deps } = roleDeps()
  const { logger, ports } = portReader(deps.logger)
  const sandboxPorts = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  const options = { host: '127.0.0.1', ...sandboxPorts, dataDir: undefined, keep: false, speed: 100 }
  const sandbox = await startSandbox(options, { ...deps, logger })
  t.after(() => sandbox.stop())
  const documented = new Map(findMetrics().map((metric) => [metric.name, metric]))
  for (const role of ['controller.started', 'receiver.started']) {
    const text = await (await fetch(`http://127.0.0.1:${ports.get(role)}/metrics`)).text()
    const helps = [...text.matchAll(/^# HELP ((?:gwh|workqueue)_\S+) (.*)$/gm)]
    assert.ok(helps.length >= 20, `${role}: ${helps.length} metrics`)
    for (const [, name = '', help = ''] of helps) {
      const metric = documented.get(name)
      assert.ok(metric, `${name} is not on the page`)
      assert.equal(help, metric.help)
      assert.match(text, new RegExp(`^# TYPE ${name} ${metric.type}$`, 'm'))
      for (const [, labels = ''] of text.matchAll(new RegExp(`^${name}(?:_sum)?\\{(.*)\\} `, 'gm'))) {
        const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)
        assert.deepEqual(names.filter((label) => label !== 'le').toSorted(), metric.labels.toSorted(), name)
      }
    }
  }
})
