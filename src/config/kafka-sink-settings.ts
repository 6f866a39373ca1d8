import type { ConfigOf } from './setting.ts'
import { boolean, oneOf, optionalText, textList } from './setting-types.ts'

const file = { placeholder: 'FILE', pattern: /^.{1,4096}$/, what: 'a path' }

/** How the receiver reaches the brokers that sinks with `kafka` publish to. */
export const kafkaSinkSettings = {
  kafkaSinkBroker: textList({
    group: 'Sinks',
    help: 'Brokers of one Kafka cluster for Kafka sinks, from which the others are learned.',
    placeholder: 'HOST:PORT,...',
    pattern: /^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}$/,
    what: 'a broker such as kafka.messaging:9092',
  }),
  kafkaSinkTls: boolean({
    group: 'Sinks',
    help: 'Encrypt connections to these brokers, and check their certificates.',
    default: 'false',
  }),
  kafkaSinkCa: optionalText({
    group: 'Sinks',
    help: "Certificate authorities (PEM) of these brokers' certificates, instead of the system's. Read again at every connect, like the other files for Kafka sinks.",
    ...file,
  }),
  kafkaSinkClientCert: optionalText({
    group: 'Sinks',
    help: 'A client certificate (PEM) for these brokers.',
    ...file,
  }),
  kafkaSinkClientKey: optionalText({
    group: 'Sinks',
    help: 'The private key (PEM) of that certificate.',
    ...file,
  }),
  kafkaSinkSasl: oneOf({
    group: 'Sinks',
    help: 'How the receiver logs in at these brokers. PLAIN sends the password in the clear, so it needs kafka-sink-tls.',
    words: ['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
    default: 'none',
  }),
  kafkaSinkUser: optionalText({
    group: 'Sinks',
    help: 'The user that it logs in as. It needs permission to write to topics below the prefix, and to create them unless somebody else does.',
    placeholder: 'NAME',
    pattern: /^[^\x00-\x1f\x7f]{1,256}$/, // oxlint-disable-line no-control-regex -- refusing control characters is the point
    what: 'a name without control characters',
  }),
  kafkaSinkPassword: optionalText({
    group: 'Sinks',
    help: 'A mounted file with the password of that user.',
    ...file,
  }),
} as const

type KafkaSinkConfig = ConfigOf<typeof kafkaSinkSettings>

/** What these settings demand of each other. */
export function kafkaSinkProblems(config: KafkaSinkConfig): string[] {
  const { kafkaSinkTls: isEncrypted, kafkaSinkSasl: sasl, kafkaSinkUser: user, kafkaSinkPassword: password } = config
  const { kafkaSinkClientCert: cert, kafkaSinkClientKey: key } = config
  const problems: string[] = []
  const isUsed = isEncrypted || sasl !== 'none' || [config.kafkaSinkCa, cert, key, user, password].some(isGiven)
  if (config.kafkaSinkBroker.length === 0 && isUsed) {
    problems.push(
      'kafkaSinkBroker: is needed with the other settings of Kafka sinks; give the brokers or leave all out',
    )
  }
  if (!isEncrypted && [config.kafkaSinkCa, cert, key].some(isGiven)) {
    problems.push('kafkaSinkTls: must be true with kafkaSinkCa, kafkaSinkClientCert and kafkaSinkClientKey')
  }
  if (isGiven(cert) !== isGiven(key)) {
    problems.push('kafkaSinkClientCert: and kafkaSinkClientKey belong together; give both or neither')
  }
  if (sasl === 'none' ? isGiven(user) || isGiven(password) : !isGiven(user) || !isGiven(password)) {
    problems.push('kafkaSinkSasl: needs kafkaSinkUser and kafkaSinkPassword, and they need it; give all three or none')
  }
  if (sasl === 'PLAIN' && !isEncrypted) {
    problems.push(
      'kafkaSinkSasl: PLAIN without kafkaSinkTls would show the password to the network; encrypt, or use SCRAM-SHA-512',
    )
  }
  return problems
}

function isGiven(value: string | undefined): boolean {
  return value !== undefined
}
