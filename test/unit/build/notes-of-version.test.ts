import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

import { notesOfVersion } from '../../../tools/notes-of-version.ts'

const repository = 'https://git.example.com/owner/name'

const changelog = `# Changelog

## [Unreleased]

## [0.2.0] - 2027-01-01

### Added

- **A thing**, that is told in
  two lines ([how](docs/install.md#helm)).
- Another, see [elsewhere](https://example.com/x).

### Action required

- Do this, as it
  is needed.

  \`\`\`sh
  one
  two
  \`\`\`

## [0.1.0] - 2026-12-01

### Fixed

- Something.
`

test('the notes of a version begin with what has to be done, and lead to its own files', () => {
  assert.equal(
    notesOfVersion(changelog, { version: '0.2.0', repository }),
    `How to upgrade, in which order, and how to go back: [upgrading](${repository}/blob/v0.2.0/docs/upgrading.md).

### Action required

- Do this, as it is needed.

  \`\`\`sh
  one
  two
  \`\`\`

### Added

- **A thing**, that is told in two lines ([how](${repository}/blob/v0.2.0/docs/install.md#helm)).
- Another, see [elsewhere](https://example.com/x).
`,
  )
})

test('a version for which nothing has to be done says so in the same place', () => {
  const notes = notesOfVersion(changelog, { version: '0.1.0', repository })
  assert.match(notes, /### Action required\n\nNothing has to be done .*\n\n### Fixed\n\n- Something\.\n$/)
})

test('a version without a section, or with an empty one, has no notes', () => {
  assert.throws(() => notesOfVersion(changelog, { version: '9.9.9', repository }), /no section "## \[9\.9\.9\]"/)
  assert.throws(() => notesOfVersion(changelog, { version: 'Unreleased', repository }), /\[Unreleased\] says nothing/)
})

test('the changelog of now gives notes with "Action required" first, in whole lines, and links that lead to files', () => {
  const text = readFileSync('CHANGELOG.md', 'utf8')
  // The newest version that says something: right after a release that is not [Unreleased].
  const section = text.split(/^## \[/m).find((part, at) => at > 0 && part.includes('\n### ')) ?? ''
  const notes = notesOfVersion(text, { version: section.slice(0, section.indexOf(']')), repository })
  const [first, ...others] = titlesIn(notes)
  assert.equal(first, 'Action required')
  assert.deepEqual(
    others,
    titlesIn(section).filter((title) => title !== 'Action required'),
  )
  if (section.includes('### Action required')) assert.equal(itemsIn(notes), itemsIn(section))
  assert.doesNotMatch(notes, /^ {2}[a-z]/m, 'no item goes on in another line')
  assert.doesNotMatch(notes, /\]\((docs|examples|deploy)\//)
  const files = notes.matchAll(/\]\(https:\/\/git\.example\.com\/owner\/name\/blob\/v[^/]+\/([^)#]+)/g)
  for (const [, file = ''] of files) assert.ok(existsSync(file), file)
})

const titlesIn = (markdown: string) => [...markdown.matchAll(/^### (.+)$/gm)].map(([, title]) => title)
const itemsIn = (markdown: string) => [...markdown.matchAll(/^- /gm)].length
