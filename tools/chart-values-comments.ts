import { isMap, isScalar, LineCounter, parseDocument, type YAMLMap } from 'yaml'

import { isSection, type ValueSchema } from './value-schema.ts'

const maxColumns = 120

/**
 * The chart's values.yaml with each value described above it: `# -- ...`, which helm-docs and editors read, and `# ...`
 * above a level. The text is that of the schema; what stood there before is left away, but for the first paragraph.
 */
export function withComments(valuesYaml: string, schema: ValueSchema): string {
  const introduction = valuesYaml.slice(0, valuesYaml.indexOf('\n\n'))
  const values = valuesYaml
    .slice(introduction.length)
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
  const lines = new LineCounter()
  const { contents } = parseDocument(values.join('\n'), { lineCounter: lines })
  if (!isMap(contents)) throw new Error('values.yaml: is not a map')
  const comments = new Map(
    describedKeys(contents, schema).map(({ offset, ...described }) => [lines.linePos(offset).line - 1, described]),
  )
  const described = values.flatMap((line, at) => {
    const comment = comments.get(at)
    return comment === undefined ? line : commentLines(comment, line.search(/\S/)).concat(line)
  })
  return introduction + described.join('\n')
}

interface Described {
  text: string
  isLevel: boolean
}

function describedKeys(map: YAMLMap, schema: ValueSchema): (Described & { offset: number })[] {
  return map.items.flatMap(({ key, value }) => {
    const inner = isScalar(key) ? schema.properties?.[String(key.value)] : undefined
    if (!isScalar(key) || inner?.description === undefined) return []
    // Not a map that may be empty, whose keys are all optional: config.
    const isLevel = isSection(inner) && isMap(value) && value.items.length > 0
    const own = { offset: key.range?.[0] ?? 0, text: inner.description, isLevel }
    return isLevel ? [own, ...describedKeys(value, inner)] : [own]
  })
}

function commentLines({ text, isLevel }: Described, indent: number): string[] {
  const start = `${' '.repeat(indent)}#`
  return wrap(isLevel ? text : `-- ${text}`, maxColumns - start.length - 1).map((line) => `${start} ${line}`)
}

/** At spaces; a longer word stays whole. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word)
    else lines.splice(-1, 1, `${last} ${word}`)
  }
  return lines
}
