/**
 * `node tools/image-labels.ts --revision COMMIT --source https://... --created TIME`: the labels of a release's image,
 * a line each, as the workflow hands them to the builder.
 */
import { parseArgs } from 'node:util'

import packageJson from '../package.json' with { type: 'json' }
import { imageLabels } from './image/labels.ts'

const { values } = parseArgs({
  options: { revision: { type: 'string' }, source: { type: 'string' }, created: { type: 'string' } },
})
const { revision = 'unknown', source, created } = values
const labels = imageLabels({ version: packageJson.version, revision, source, created })
process.stdout.write(
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}\n`)
    .join(''),
)
