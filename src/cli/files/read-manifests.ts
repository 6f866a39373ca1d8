import { isMap, isScalar, parseAllDocuments, visit, type Document, type ScalarTag, type YAMLMap } from 'yaml'

/** One document of a file: what kubectl would send, or why it could not. */
export type ReadDocument = { value: unknown; warnings: string[] } | { problem: string }

const core = 'tag:yaml.org,2002:'

/**
 * Words and numbers as kubectl's YAML takes them, which is between YAML 1.1 and 1.2: `yes` is a boolean, `017` is
 * octal, `1:30` is text.
 */
const kubectlScalars: ScalarTag[] = [
  { tag: `${core}null`, default: true, test: /^(?:~|null|Null|NULL)?$/, resolve: () => null },
  {
    tag: `${core}bool`,
    default: true,
    test: /^(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|true|True|TRUE|false|False|FALSE)$/,
    resolve: (word) => /^(?:y|yes|on|true)$/i.test(word),
  },
  {
    tag: `${core}int`,
    default: true,
    test: /^[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|0|[1-9][0-9_]*)$/,
    resolve: integerOf,
  },
  {
    tag: `${core}float`,
    default: true,
    test: /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/,
    resolve: Number,
  },
]

function integerOf(word: string): number {
  const digits = word.replace(/^[-+]/, '').replaceAll('_', '')
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits
  return word.startsWith('-') ? -Number(octal) : Number(octal)
}

/** Reads a file as kubectl does: every document, JSON too; a repeated key counts the last time and is warned about. */
export function readManifests(text: string): ReadDocument[] {
  const options = { schema: 'failsafe', customTags: kubectlScalars, merge: true, uniqueKeys: false } as const
  const documents = parseAllDocuments(text, options)
  return [...documents].map((document) => readDocument(document))
}

function readDocument(document: Document): ReadDocument {
  const [error] = document.errors
  // The first line of its message says what and where; the rest draws the place.
  if (error !== undefined) return { problem: error.message.split('\n', 1).join('').replace(/:$/, '') }
  const warnings: string[] = []
  visit(document, { Map: (_key, map) => void warnings.push(...repeatedKeys(map)) })
  return { value: document.toJS({ maxAliasCount: 100 }), warnings }
}

function repeatedKeys(map: YAMLMap): string[] {
  const seen = new Set<string>()
  return map.items.flatMap(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : ''
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    const what = isMap(value) ? 'the whole of the earlier one is dropped' : 'the last one counts'
    return [`the key ${name} stands here twice: ${what}, and kubectl says nothing`]
  })
}
