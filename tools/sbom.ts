/**
 * `npm run sbom -- --out sbom.cdx.json`: the bill of materials of the bundle, CycloneDX; to standard output without
 * --out.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { billOfMaterials } from './bill-of-materials.ts'
import { bundle } from './bundle.ts'

const { values } = parseArgs({ options: { out: { type: 'string' } } })
const outdir = mkdtempSync(join(tmpdir(), 'gwh-sbom-'))
try {
  const bill = billOfMaterials(await bundle({ outdir, sourceMaps: false }))
  const text = `${JSON.stringify(bill, null, 2)}\n`
  if (values.out === undefined) process.stdout.write(text)
  else {
    writeFileSync(values.out, text)
    process.stdout.write(`${values.out}: ${bill.components.length} packages in the bundle\n`)
  }
} finally {
  rmSync(outdir, { recursive: true })
}
