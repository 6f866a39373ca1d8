const actionRequired = 'Action required'
const nothingRequired = 'Nothing has to be done for this version beyond the upgrade itself.'

/**
 * Pure: the section of a version in the changelog as the notes of its release. What has to be done for the upgrade
 * stands first, also where the section has it elsewhere or has nothing; links lead to the files of the version, and
 * what is wrapped in the changelog is one line, since a release page shows every line break.
 *
 * @param repository where its files are on the web, such as `https://example.com/owner/name`
 * @throws Error where the changelog has no section of that version, or an empty one
 */
export function notesOfVersion(
  changelog: string,
  { version, repository }: { version: string; repository: string },
): string {
  const section = sectionOf(changelog, version)
  const [introduction = '', ...parts] = section.split(/^### /m)
  if (parts.length === 0) throw new Error(`CHANGELOG.md: the section [${version}] says nothing; write what changes`)
  const titled = parts.map((part) => {
    const [title = '', ...lines] = part.split('\n')
    return { title: title.trim(), text: lines.join('\n').trim() }
  })
  const required = titled.find(({ title }) => title === actionRequired) ?? {
    title: actionRequired,
    text: nothingRequired,
  }
  const others = titled.filter(({ title }) => title !== actionRequired)
  const files = `${repository}/blob/v${version}`
  const read = `How to upgrade, in which order, and how to go back: [upgrading](${files}/docs/upgrading.md).`
  const blocks = [introduction.trim(), ...[required, ...others].map(({ title, text }) => `### ${title}\n\n${text}`)]
  const notes = [read, ...blocks].filter((block) => block !== '').join('\n\n')
  return `${unwrapped(notes.replaceAll(/\]\((?![a-z]+:|#)([^)]+)\)/g, `](${files}/$1)`))}\n`
}

function sectionOf(changelog: string, version: string): string {
  const heading = `## [${version}]`
  const lines = changelog.split('\n')
  const from = lines.findIndex((line) => line.startsWith(heading))
  if (from === -1) throw new Error(`CHANGELOG.md: there is no section "${heading}"; rename [Unreleased] to the version`)
  const length = lines.slice(from + 1).findIndex((line) => line.startsWith('## '))
  return lines.slice(from + 1, length === -1 ? undefined : from + 1 + length).join('\n')
}

/** Lines that go on a paragraph or an item of a list, but those of code. */
function unwrapped(markdown: string): string {
  const [first = '', ...others] = markdown.split(/(^ *```[^]*?^ *```$)/m)
  return [first, ...others].map((part) => (part.trimStart().startsWith('```') ? part : joined(part))).join('')
}

function joined(text: string): string {
  return text.replaceAll(/([^\n])\n(?!\n|\s*[-*] |\s*\d+\. |#|\||>)[ ]*(?=\S)/g, '$1 ')
}
