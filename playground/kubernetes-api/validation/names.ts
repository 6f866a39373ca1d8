const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const labelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const qualifiedNamePattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const labelValuePattern = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/

const subdomainSentence =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const labelSentence =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const qualifiedNameSentence =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const labelValueSentence =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const configKeySentence =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

function tooLong(value: string, max: number): string[] {
  return Buffer.byteLength(value) > max ? [`must be no more than ${max} bytes`] : []
}

/** Problems of a DNS-1123 subdomain, the name of most objects; empty when it is fine. */
export function subdomainProblems(value: string): string[] {
  return [...tooLong(value, 253), ...(subdomainPattern.test(value) ? [] : [subdomainSentence])]
}

/** Problems of a DNS-1123 label, the name of namespaces and services; empty when it is fine. */
export function labelNameProblems(value: string): string[] {
  if (value.includes('.')) return ['must not contain dots']
  return [...tooLong(value, 63), ...(labelPattern.test(value) ? [] : [labelSentence])]
}

/** Problems of a label or annotation key or a finalizer: an optional DNS prefix and a name. */
export function qualifiedNameProblems(value: string): string[] {
  const parts = value.split('/')
  const name = parts.at(-1) ?? ''
  if (parts.length > 2) {
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  const [prefix] = parts
  const prefixProblems =
    parts.length === 2 && prefix !== undefined
      ? prefix === ''
        ? ['prefix part must be non-empty']
        : subdomainProblems(prefix).map((problem) => `prefix part ${problem}`)
      : []
  if (name === '') return [...prefixProblems, 'name part must be non-empty', qualifiedNameSentence]
  const long = Buffer.byteLength(name) > 63 ? ['name part must be no more than 63 bytes'] : []
  return [...prefixProblems, ...long, ...(qualifiedNamePattern.test(name) ? [] : [qualifiedNameSentence])]
}

export function labelValueProblems(value: string): string[] {
  return [...tooLong(value, 63), ...(labelValuePattern.test(value) ? [] : [labelValueSentence])]
}

/** Problems of a data key of a Secret or ConfigMap. */
export function configKeyProblems(key: string): string[] {
  if (key === '.' || key === '..') return [`must not be '${key}'`]
  return [...tooLong(key, 253), ...(/^[-._a-zA-Z0-9]+$/.test(key) ? [] : [configKeySentence])]
}
