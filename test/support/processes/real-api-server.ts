import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { apiVersion, pluralName, routePluralName } from '../../../src/api/kind.ts'
import { crdPaths } from '../../../tools/generate-crds.ts'
import { findControlPlane } from '../../control-plane/find-control-plane.ts'
import { startControlPlane, type RunningControlPlane } from '../../control-plane/start-control-plane.ts'
import { eventually } from '../measures/eventually.ts'

export type { RunningControlPlane } from '../../control-plane/start-control-plane.ts'

/**
 * A suite of tests on one real kube-apiserver of its own, started before the first and stopped after the last. Where
 * none can be had the suite is skipped by name, visibly; with GWH_REQUIRE_CONTROL_PLANE=1 it fails instead. `server()`
 * may be called inside tests and hooks only.
 */
export async function withRealApiServer(
  name: string,
  suite: (server: () => RunningControlPlane) => void,
): Promise<void> {
  const binaries = await findControlPlane()
  if (binaries === undefined && process.env['GWH_REQUIRE_CONTROL_PLANE'] === '1') {
    throw new Error(
      `${name}: GWH_REQUIRE_CONTROL_PLANE=1, but no control plane was found; set KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd and kubectl`,
    )
  }
  if (binaries === undefined) {
    // A test and not a suite: only skipped tests are counted in the summary.
    test(name, { skip: 'no kube-apiserver: set KUBEBUILDER_ASSETS, or put go on PATH' }, () => {})
    return
  }
  describe(name, () => {
    let running: RunningControlPlane | undefined
    before(async () => {
      running = await startControlPlane(binaries)
    })
    after(async () => {
      await running?.stop()
    })
    suite(() => {
      if (running === undefined) throw new Error('the API server runs only inside tests and hooks')
      return running
    })
  })
}

/** Applies the committed CRDs and waits until the API server serves our kinds. */
export async function applyCrds(running: RunningControlPlane): Promise<void> {
  const files = crdPaths.flatMap((path) => ['-f', path])
  const applied = await running.kubectl(['apply', ...files])
  assert.equal(applied.code, 0, applied.stderr)
  const established = await running.kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...files])
  assert.equal(established.code, 0, established.stderr)
  for (const plural of [pluralName, routePluralName]) {
    await eventually(`${plural} are served`, async () => {
      const { status } = await running.call('GET', `/apis/${apiVersion}/${plural}?limit=1`)
      return status === 200
    })
  }
}
