/**
 * `npm run site [-- --base /PATH/ --repository URL --ref TAG]`: the documentation as a site in dist/site, from the
 * pages of docs/ as they are. Fails at a dead link, and when a page would load anything from elsewhere.
 */
import { globSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { build } from 'vitepress'
import { parse } from 'yaml'

import { loadedFromElsewhere } from '../site/loaded-from-elsewhere.ts'
import { chartPath } from './generate-chart.ts'

const { values } = parseArgs({
  options: {
    /** The path below which the site is served. */
    base: { type: 'string', default: '/' },
    /** What links out of docs/ lead to. */
    repository: { type: 'string', default: repositoryOfChart() },
    /** The branch or tag that they lead to. */
    ref: { type: 'string', default: 'main' },
  },
})
Object.assign(process.env, { GWH_SITE_REPOSITORY: values.repository, GWH_SITE_REF: values.ref })
await build('site', { base: values.base })

const strays = globSync('dist/site/**/*.{html,css,js}').flatMap((path) =>
  loadedFromElsewhere(path, readFileSync(path, 'utf8')).map((address) => `${path}: loads ${address}`),
)
if (strays.length > 0) {
  process.stderr.write(`${strays.join('\n')}\nThe site must load nothing from elsewhere: put it into site/ or docs/.\n`)
  process.exitCode = 1
}

/** The image of the chart is published by the repository of its name. */
function repositoryOfChart(): string {
  const { image } = parse(readFileSync(`${chartPath}/values.yaml`, 'utf8')) as { image: { repository: string } }
  return image.repository.replace(/^ghcr\.io\//, 'https://github.com/')
}
