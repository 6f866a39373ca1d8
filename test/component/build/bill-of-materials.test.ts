import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import type { Metafile } from 'esbuild'

import packageJson from '../../../package.json' with { type: 'json' }
import { billOfMaterials, type BillOfMaterials } from '../../../tools/bill-of-materials.ts'
import { bundle } from '../../../tools/bundle.ts'

const outdir = mkdtempSync(join(tmpdir(), 'gwh-bill-'))
let metafile: Metafile
let bill: BillOfMaterials
before(async () => {
  metafile = await bundle({ outdir, sourceMaps: false })
  bill = billOfMaterials(metafile)
})
after(() => rmSync(outdir, { recursive: true }))

test('it names every package that the program needs, in the installed version and with its checksum', () => {
  const versions = new Map(bill.components.map(({ name, version }) => [name, version]))
  for (const name of Object.keys(packageJson.dependencies)) {
    const installed = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }
    assert.equal(versions.get(name), installed.version, name)
  }
  for (const { name, purl, hashes, licenses } of bill.components) {
    assert.match(purl ?? '', /^pkg:npm\/(%40[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+/, name)
    assert.match(hashes?.[0]?.content ?? '', /^[0-9a-f]{128}$/, name)
    assert.equal(licenses?.length, 1, name)
  }
})

test('what only builds or tests it is not in it', () => {
  const names = new Set(bill.components.map(({ name }) => name))
  for (const name of Object.keys(packageJson.devDependencies)) assert.ok(!names.has(name), name)
  assert.ok(names.size > 30 && names.size < 150, `${names.size} packages`)
})

test('every file of the bundle is of the project or of a package in it', () => {
  const foreign = Object.keys(metafile.inputs).filter((input) => input.includes('node_modules/'))
  const names = bill.components.map(({ name }) => `node_modules/${name}/`)
  for (const input of foreign)
    assert.ok(
      names.some((name) => input.includes(name)),
      input,
    )
})

test('the same sources give the same text, other packages another serial number', () => {
  assert.deepEqual(billOfMaterials(metafile), bill)
  const [first] = Object.entries(metafile.inputs)
  assert.ok(first)
  const less = billOfMaterials({ inputs: Object.fromEntries([first]) })
  assert.notEqual(less.serialNumber, bill.serialNumber)
  assert.match(bill.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('a package that the lockfile does not know is an error, not a gap', () => {
  const inputs = { 'node_modules/stranger/index.js': { bytes: 1, imports: [] } }
  assert.throws(() => billOfMaterials({ inputs }), /has no version of node_modules\/stranger/)
})
