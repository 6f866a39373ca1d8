import { kafkaKeyPattern, natsSubjectPattern } from '../../api/field-types.ts'
import type { SinkKafka } from '../../api/sink.ts'
import type { Destination } from '../../contract/keyring/entry.ts'
import { ok } from '../../result.ts'
import { invalid, refuse, type Resolved } from '../facts/resolved.ts'

/** Kafka's own limit; its characters are one byte each. */
const maxTopicLength = 249

/**
 * The placeholders stay: receivers fill them in for each event. A namespace is a DNS label without dots, so that no
 * topic of one namespace is one of another.
 */
export function resolveKafka(
  { topic, key }: SinkKafka,
  field: string,
  { kafkaPrefix, namespace }: { kafkaPrefix: string | undefined; namespace: string },
): Resolved<Destination> {
  if (kafkaPrefix === undefined) {
    return refuse(
      'SinkUnsupported',
      `${field}: this installation has no Kafka brokers for sinks: configure them (kafkaSinks of the chart), or use another kind of sink`,
    )
  }
  if (!natsSubjectPattern.test(topic)) {
    return invalid(
      `${field}.topic has something else than tokens of letters, digits, hyphens, underscores and placeholders: correct it`,
    )
  }
  if (key !== undefined && !kafkaKeyPattern.test(key)) {
    return invalid(
      `${field}.key has braces that are none of {subject}, {id}, {type}, {namespace} and {name}: correct it`,
    )
  }
  const full = `${kafkaPrefix}.${namespace}.${topic}`
  const leastLength = shortest(full, namespace).length
  if (leastLength > maxTopicLength) {
    return invalid(
      `${field}.topic makes topics of ${leastLength} characters or more, the prefix of the installation and the namespace counted; Kafka takes ${maxTopicLength}: shorten it`,
    )
  }
  return ok({ type: 'kafka', topic: full, ...(key !== undefined && { key }) })
}

/** Names and types have one character at least. */
function shortest(template: string, namespace: string): string {
  return template.replaceAll('{namespace}', namespace).replaceAll(/\{(?:name|type)\}/g, '_')
}
