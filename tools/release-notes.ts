/**
 * `node tools/release-notes.ts VERSION REPOSITORY`: prints the notes of a release, made of the changelog's section of
 * that version; `REPOSITORY` is its address on the web. Ends with 1 where the changelog has no such section.
 */
import { readFileSync } from 'node:fs'

import { notesOfVersion } from './notes-of-version.ts'

const [version, repository] = process.argv.slice(2)
if (version === undefined || repository === undefined) {
  process.stderr.write('usage: node tools/release-notes.ts VERSION REPOSITORY\n')
  process.exit(2)
}
try {
  process.stdout.write(notesOfVersion(readFileSync('CHANGELOG.md', 'utf8'), { version, repository }))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
