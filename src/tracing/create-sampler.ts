import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace'

export interface SamplerChoice {
  readonly sampler:
    | 'always_on'
    | 'always_off'
    | 'traceidratio'
    | 'parentbased_always_on'
    | 'parentbased_always_off'
    | 'parentbased_traceidratio'
  /** 0 to 1; of the two that have a ratio. */
  readonly ratio: number
}

const parentBased = 'parentbased_'

/** The samplers that OpenTelemetry names, so that all receivers and attempts decide alike about one trace. */
export function createSampler({ sampler, ratio }: SamplerChoice): Sampler {
  if (sampler.startsWith(parentBased)) return new ParentBasedSampler({ root: rootOf(sampler, ratio) })
  return rootOf(sampler, ratio)
}

function rootOf(sampler: SamplerChoice['sampler'], ratio: number): Sampler {
  switch (sampler.replace(parentBased, '')) {
    case 'always_off':
      return new AlwaysOffSampler()
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio)
    default:
      return new AlwaysOnSampler()
  }
}
