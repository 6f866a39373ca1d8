/**
 * `npm run generate:deploy`: writes the manifests under deploy/ that are rendered from the chart. Needs Helm 3 or 4 on
 * PATH or in HELM_BIN_DIR.
 */
import { readFileSync, writeFileSync } from 'node:fs'

import { findHelms } from './helm.ts'
import { renderManifests } from './render-manifests.ts'

const [helm] = findHelms(process.env).values()
if (helm === undefined) {
  process.stderr.write('generate:deploy needs Helm 3 or 4: put helm on PATH, or name its folder with HELM_BIN_DIR\n')
  process.exit(1)
}
for (const [path, text] of Object.entries(renderManifests(helm, readFileSync('deploy/namespace.yaml', 'utf8')))) {
  writeFileSync(path, text)
  process.stdout.write(`${path}: ${text.length} bytes\n`)
}
