import { readFileSync } from 'node:fs'

import { exampleRequest } from './consumers/example-requests.ts'
import { httpBlock } from './consumers/http-text.ts'

const page = 'docs/consuming.md'

/** What the page quotes, by the name that its markers give. */
const quotes: Readonly<Record<string, () => string[]>> = {
  CloudEventBinary: () => httpBlock(exampleRequest('batch.succeeded', 'CloudEventBinary')),
  CloudEventStructured: () => httpBlock(exampleRequest('batch.succeeded', 'CloudEventStructured')),
  Original: () => httpBlock(exampleRequest('batch.succeeded', 'Original')),
  'verify.ts': () => fileBlock('verify.ts', 'ts'),
  'verify.py': () => fileBlock('verify.py', 'python'),
  'verify.go': () => fileBlock('verify.go', 'go'),
  'Verify.java': () => fileBlock('Verify.java', 'java'),
  'verify.sh': () => fileBlock('verify.sh', 'sh'),
}

/** The page for consumers, written by hand, with what stands between its markers replaced by what it is today. */
export function generateConsumingPage(): Record<string, string> {
  const marked = /(<!-- quote: (\S+) -->\n)[^]*?(<!-- end of quote -->)/g
  const text = readFileSync(page, 'utf8').replaceAll(marked, (_, begin: string, name: string, end: string) => {
    const quote = quotes[name]
    if (quote === undefined) throw new Error(`${page}: there is nothing to quote that is called ${name}`)
    return `${begin}\n${quote().join('\n')}\n\n${end}`
  })
  return { [page]: text }
}

function fileBlock(file: string, language: string): string[] {
  return [`\`\`\`${language}`, readFileSync(`examples/verify/${file}`, 'utf8').trimEnd(), '```']
}
