import type { ReceiverConfig } from '../config/receiver-config.ts'
import type { KafkaAccess } from '../kafka/kafka-access.ts'

/** Where Kafka sinks publish; nothing where the installation has no brokers for them. */
export function kafkaSinkAccess(config: ReceiverConfig): { access?: KafkaAccess } {
  const { kafkaSinkBroker: brokers, kafkaSinkTls: isEncrypted } = config
  if (brokers.length === 0) return {}
  const sasl = saslOf(config)
  return { access: { brokers, ...(isEncrypted && { tls: tlsOf(config) }), ...(sasl !== undefined && { sasl }) } }
}

function tlsOf(config: ReceiverConfig): NonNullable<KafkaAccess['tls']> {
  const { kafkaSinkCa: caFile, kafkaSinkClientCert: certFile, kafkaSinkClientKey: keyFile } = config
  const hasPair = certFile !== undefined && keyFile !== undefined
  return { ...(caFile !== undefined && { caFile }), ...(hasPair && { clientCertificate: { certFile, keyFile } }) }
}

function saslOf(config: ReceiverConfig): KafkaAccess['sasl'] {
  const { kafkaSinkSasl: mechanism, kafkaSinkUser: user, kafkaSinkPassword: passwordFile } = config
  if (mechanism === 'none' || user === undefined || passwordFile === undefined) return undefined
  return { mechanism, user, passwordFile }
}
