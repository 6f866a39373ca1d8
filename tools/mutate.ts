/**
 * Mutation run: changes the code of a room in every small way there is and expects a unit test to notice each.
 *
 *   npm run mutate                    every pure room (plan, judge, verify, next-step, filter, fairness,
 *                                     address-guard)
 *   npm run mutate -- verify filter   some of them
 *   npm run mutate -- src/inbox       any folder or file, judged by the unit tests that mirror it
 *
 * Prints the survivors that the compiler would take; exit 1 when there are any, 2 when an argument is wrong or the tool
 * could not be installed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { refusedByCompiler } from './mutation/refused-by-compiler.ts'
import { pureRooms, roomOf } from './mutation/rooms.ts'
import { mutationFolder, strykerSettings } from './mutation/settings.ts'
import { describeSurvivor, readSurvivors } from './mutation/survivors.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stryker = join(root, mutationFolder, 'node_modules/.bin/stryker')

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

function install(): void {
  if (existsSync(stryker)) return
  process.stderr.write('Installing the mutation tool, apart from the project (once, about ten seconds) ...\n')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', args, { cwd: join(root, mutationFolder), stdio: ['ignore', 2, 2] })
  if (status !== 0) fail('npm ci failed in tools/mutation: the lines above say why.')
}

function mutate(name: string): boolean {
  const room = roomOf(name)
  if ('problem' in room) fail(room.problem)
  process.stdout.write(`\n== ${name}\n`)
  const file = join(root, '.cache', `mutation-${name.replaceAll('/', '-')}.json`)
  const reportFile = file.replace('.json', '.report.json')
  mkdirSync(dirname(file), { recursive: true })
  rmSync(reportFile, { force: true })
  const settings = strykerSettings(room, { root, concurrency: availableParallelism(), reportFile })
  writeFileSync(file, JSON.stringify(settings, null, 2))
  spawnSync(stryker, ['run', file], { cwd: root, stdio: 'inherit' })
  if (!existsSync(reportFile)) fail(`${name}: no mutants were judged: the lines above say why.`)
  const survivors = readSurvivors(reportFile)
  const refused = refusedByCompiler(root, survivors)
  const left = survivors.filter((survivor) => !refused.has(survivor))
  for (const survivor of left) {
    process.stdout.write(`${describeSurvivor(readFileSync(join(root, survivor.file), 'utf8'), survivor)}\n`)
  }
  process.stdout.write(`${name}: ${survivors.length} unnoticed, ${refused.size} of them refused by the compiler\n`)
  return left.length === 0
}

const names = process.argv.slice(2)
install()
const results = (names.length === 0 ? Object.keys(pureRooms) : names).map((name) => ({ name, held: mutate(name) }))
for (const { name, held } of results) {
  process.stdout.write(`${name}: ${held ? 'every mutant was noticed' : 'mutants survived'}\n`)
}
process.exit(results.every(({ held }) => held) ? 0 : 1)
