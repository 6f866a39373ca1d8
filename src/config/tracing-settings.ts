import { decimal, oneOf, optionalUrl } from './setting-types.ts'

export const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

/** Where the receiver sends traces. The other variables of OpenTelemetry are read by its exporter (docs/tracing.md). */
export const tracingSettings = {
  traceEndpoint: optionalUrl({
    group: 'Traces',
    help: 'Address of an OpenTelemetry collector that takes OTLP over HTTP, such as http://collector.monitoring:4318; /v1/traces is added. Not set: no traces are kept.',
    alsoEnv: ['OTEL_EXPORTER_OTLP_ENDPOINT'],
  }),
  traceUrl: optionalUrl({
    group: 'Traces',
    help: 'The whole address for traces, instead of traceEndpoint; nothing is added.',
    alsoEnv: ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
  }),
  traceSampler: {
    ...oneOf({
      group: 'Traces',
      help: 'Which traces are kept: always_on, always_off or traceidratio; or one of them after parentbased_, where the flag of a request that has a traceparent decides, so that its sender, or a proxy, chooses.',
      words: samplers,
      default: 'traceidratio',
      alsoEnv: ['OTEL_TRACES_SAMPLER'],
    }),
    // All of them would make a line of the help too long.
    placeholder: 'SAMPLER',
  },
  traceSampleRatio: decimal({
    group: 'Traces',
    help: 'Share of the traces that are kept by traceidratio and parentbased_traceidratio, 0 to 1. Set the same at all receivers, or traces have gaps.',
    min: 0,
    max: 1,
    default: '1',
    alsoEnv: ['OTEL_TRACES_SAMPLER_ARG'],
  }),
} as const
