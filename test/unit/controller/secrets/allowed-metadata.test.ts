import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isAllowedKey } from '../../../../src/controller/secrets/allowed-metadata.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'

const cases: { entries: string[]; allowed: string[]; refused: string[] }[] = [
  { entries: [], allowed: [], refused: ['team', 'example.com/x'] },
  { entries: ['none'], allowed: [], refused: ['team', 'none'] },
  { entries: ['team'], allowed: ['team'], refused: ['team-x', 'x/team', 'Team'] },
  {
    entries: ['example.com/'],
    allowed: ['example.com/a'],
    refused: ['example.com', 'example.community/a', 'a.example.com/a'],
  },
  { entries: ['example.com/a'], allowed: ['example.com/a'], refused: ['example.com/ab'] },
  {
    entries: ['cost-*', 'example.com/a*'],
    allowed: ['cost-centre', 'example.com/ab'],
    refused: ['cost', 'example.com/b'],
  },
  {
    entries: ['*'],
    allowed: ['team', 'argocd.argoproj.io/secret-type', 'constructor', '__proto__'],
    refused: [
      'app.kubernetes.io/managed-by',
      'webhooks.gemini-operator.io/owner-uid',
      'kubectl.kubernetes.io/last-applied-configuration',
    ],
  },
  {
    entries: [...shippedConfig.allowedSecretAnnotations],
    allowed: ['reloader.stakater.com/match', 'secret.reloader.stakater.com/reload'],
    refused: [
      'reflector.v1.k8s.emberstack.com/reflection-allowed',
      'replicator.v1.mittwald.de/replicate-to',
      'kubed.appscode.com/sync',
      'argocd.argoproj.io/compare-options',
      'meta.helm.sh/release-name',
    ],
  },
  {
    entries: [...shippedConfig.allowedSecretLabels],
    allowed: [],
    refused: ['team', 'argocd.argoproj.io/secret-type'],
  },
]

for (const { entries, allowed, refused } of cases) {
  test(`[${entries.join(', ')}] allows exactly what it says`, () => {
    assert.deepEqual(
      [...allowed, ...refused].filter((key) => isAllowedKey(key, entries)),
      allowed,
    )
  })
}
