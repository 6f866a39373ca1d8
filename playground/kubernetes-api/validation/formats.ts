const dateTime = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/
const microTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(Z|[+-]\d{2}:\d{2})$/
const duration = /^[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const hostname = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/i
const ipv4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/

const checks: Readonly<Record<string, (value: string) => boolean>> = {
  'date-time': (value) => dateTime.test(value) && !Number.isNaN(Date.parse(value)),
  date: (value) => /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)),
  duration: (value) => duration.test(value),
  uuid: (value) => uuid.test(value),
  hostname: (value) => hostname.test(value),
  ipv4: (value) => ipv4.test(value),
  byte: (value) => isBase64(value),
  uri: (value) => URL.canParse(value),
  'micro-time': (value) => microTime.test(value),
}

/**
 * Whether a string has the named format. Formats that a real server does not know are never violated, nor are they
 * here.
 */
export function hasFormat(format: string, value: string): boolean {
  return checks[format]?.(value) ?? true
}

/** Standard base64 with padding, as Go decodes `[]byte`; line breaks are skipped there. */
export function isBase64(value: string): boolean {
  const compact = value.replaceAll(/[\r\n]/g, '')
  return compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact)
}
