import { readFileSync } from 'node:fs'

import { parse } from 'yaml'

import { chartMetadata } from './chart-metadata.ts'
import { chartReadme, valuesPage } from './chart-pages.ts'
import { withComments } from './chart-values-comments.ts'
import { chartValuesSchema } from './chart-values-schema.ts'
import { generateCrds } from './generate-crds.ts'
import { withDefinitions } from './schema-definitions.ts'
import { schemaForHelm } from './schema-for-helm.ts'
import { flag, type ValueSchema } from './value-schema.ts'

export const chartPath = 'charts/gemini-webhook-operator'

/**
 * What of the chart follows from elsewhere: its metadata, the CRDs, the schema of its values, what stands above each
 * value, its README and the reference page. The defaults are those of values.yaml.
 */
export function generateChart(): Record<string, string> {
  const schema = chartValuesSchema()
  const valuesPath = `${chartPath}/values.yaml`
  const valuesYaml = withComments(readFileSync(valuesPath, 'utf8'), schema)
  const values = parse(valuesYaml) as { image: { repository: string } }
  return {
    [`${chartPath}/Chart.yaml`]: chartMetadata(values.image.repository),
    [`${chartPath}/README.md`]: chartReadme(schema, values),
    [`${chartPath}/templates/crd.yaml`]: crdTemplate(),
    [valuesPath]: valuesYaml,
    [`${chartPath}/values.schema.json`]: schemaJson(schema),
    'docs/reference/chart-values.md': valuesPage(schema, values),
  }
}

/** Below templates/ and not in crds/: Helm never upgrades what lies there. */
function crdTemplate(): string {
  const templated = Object.entries(generateCrds()).map(([path, crd]) => withMetadata(path, crd))
  return `{{- if .Values.crds.enabled }}\n${templated.join('---\n')}{{- end }}\n`
}

function withMetadata(path: string, crd: string): string {
  if (crd.includes('{{')) throw new Error(`${path}: contains {{, which Helm would take for a template`)
  const metadata = /^metadata:\n {2}name: (\S+)\n/m
  if (!metadata.test(crd)) throw new Error(`${path}: metadata is not a name alone; teach generate-chart.ts the rest`)
  return crd.replace(
    metadata,
    (_, name: string) =>
      `metadata:\n  {{- include "gwh.metadata" (dict "root" . "name" "${name}" "annotations" (include "gwh.overlaid" (list (ternary (dict "helm.sh/resource-policy" "keep") (dict) .Values.crds.keep) .Values.crds.annotations) | fromYaml)) | nindent 2 }}\n`,
  )
}

/** No value of the chart: where Helm looks when a parent says `condition: gemini-webhook-operator.enabled`. */
const forCondition =
  'Of no meaning here: a place for the condition of a parent chart, by which it takes this one or not.'

function schemaJson(schema: ValueSchema): string {
  const properties = { ...schema.properties, enabled: flag(forCondition) }
  const helmSchema = schemaForHelm({ ...schema, properties })
  const complete = { $schema: 'http://json-schema.org/draft-07/schema#', ...withDefinitions(helmSchema) }
  return `${JSON.stringify(complete, null, 2)}\n`
}
