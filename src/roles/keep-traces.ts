import type { ReceiverConfig } from '../config/receiver-config.ts'
import type { Tracing } from '../tracing/port.ts'
import type { RoleDeps } from './process-deps.ts'

/** undefined where no address is set: then nothing of it is loaded. What is left is sent as `parts` end. */
export async function keepTraces(
  { traceEndpoint, traceUrl, traceSampler: sampler, traceSampleRatio: ratio }: ReceiverConfig,
  { podName: instance, ...deps }: RoleDeps & { podName: string },
  parts: AsyncDisposableStack,
): Promise<Tracing | undefined> {
  const url = traceUrl ?? (traceEndpoint === undefined ? undefined : `${traceEndpoint}/v1/traces`)
  if (url === undefined) return undefined
  const { openTracing } = await import('../tracing/open-tracing.ts')
  const tracing = openTracing({ ...deps, url, sampler, ratio, instance })
  parts.defer(() => tracing.stop())
  deps.logger.info({ sampler, ratio }, 'traces.kept')
  return tracing
}
