import assert from 'node:assert/strict'
import { test } from 'node:test'

import { releaseIn } from '../../../../src/cli/uninstall/read-uninstall.ts'
import type { KubernetesClient } from '../../../../src/kubernetes/client.ts'

const cases: [name: string, answer: unknown, release: string | undefined][] = [
  ['of Helm', { metadata: { annotations: { 'meta.helm.sh/release-name': 'gwh-prod' } } }, 'gwh-prod'],
  ['made without Helm', { metadata: {} }, undefined],
  ['that is not there', undefined, undefined],
  ['from something that is no API server', {}, undefined],
]
for (const [name, answer, release] of cases) {
  test(`the release of a controller ${name}: ${release ?? 'none'}`, async () => {
    const client = { get: () => Promise.resolve(answer) } as unknown as KubernetesClient
    assert.equal(await releaseIn(client, 'gwh'), release)
  })
}
