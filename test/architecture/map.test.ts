import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const page = 'docs/architecture.md'
const text = readFileSync(page, 'utf8')

/** The first column of a table, by the title of that column. */
function firstColumn(title: string): string[] {
  const lines = text.split('\n')
  const head = lines.findIndex((line) => new RegExp(`^\\| ${title} +\\|`).test(line))
  assert.ok(head >= 0, `no table "${title}"`)
  const rows = lines.slice(head + 2)
  const end = rows.findIndex((line) => !line.startsWith('|'))
  return rows.slice(0, end === -1 ? undefined : end).map((row) => row.split('|')[1]?.trim().replaceAll('`', '') ?? '')
}

const foldersIn = (folder: string) =>
  globSync(`${folder}/*/`)
    .map((path) => path.slice(folder.length + 1).replace(/\/$/, ''))
    .toSorted()

test('the map names every room of src and its job, and no other', () => {
  const rooms = foldersIn('src').filter((room) => room !== 'roles')
  assert.deepEqual(firstColumn('Room'), rooms)
})

test('the map names every file beside the rooms, and no other', () => {
  assert.deepEqual(
    firstColumn('File'),
    globSync('src/*.ts')
      .map((path) => path.slice('src/'.length))
      .toSorted(),
  )
})

test('the map names every folder of the controller, and no other', () => {
  assert.deepEqual(firstColumn('Folder').toSorted(), foldersIn('src/controller'))
})

test('every file that the map links to exists', () => {
  const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = '']) => join(dirname(page), target))
  assert.ok(targets.length > 40, `${targets.length} links`)
  assert.deepEqual(
    targets.filter((target) => !existsSync(target)),
    [],
  )
})

test('every path that the map names as code exists, and so does every command', () => {
  const scripts = (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }).scripts
  const codes = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
  const commands = codes.flatMap((code) => /^npm (?:run )?([\w:-]+)/.exec(code)?.[1] ?? [])
  assert.ok(commands.length >= 8, `${commands.length} commands`)
  assert.deepEqual(
    commands.filter((name) => scripts[name] === undefined),
    [],
  )
  const paths = codes.filter((code) => /^[\w./-]+(\.ts|\.md|\.yaml|\/)$/.test(code))
  assert.ok(paths.length >= 15, `${paths.length} paths`)
  assert.deepEqual(
    paths.filter((path) => !['', 'src/', 'src/*/', 'src/controller/'].some((base) => globSync(base + path).length > 0)),
    [],
  )
  const programs = codes.flatMap((code) => /^node (\S+)/.exec(code)?.[1] ?? [])
  assert.deepEqual(
    programs.filter((path) => !existsSync(path)),
    [],
  )
})

test('the words of the map stand in the order of the alphabet, each once', () => {
  const words = firstColumn('Word').map((word) => word.toLowerCase())
  assert.ok(words.length >= 50, `${words.length} words`)
  assert.deepEqual(
    words,
    [...new Set(words)].toSorted((a, b) => a.localeCompare(b)),
  )
})
