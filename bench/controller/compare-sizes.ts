import type { MeasuredSize } from './measure-size.ts'

/**
 * What one object costs at the larger size, divided by what it costs at the smaller: 1 is proportional, below 1 is
 * better.
 */
export interface Comparison {
  /**
   * What an object more takes in the leader's heap after a rollout, and in the standby's after its resyncs: what is
   * there without any object is not counted.
   */
  heapBytesPerObject: number
  heapBytesPerObjectSteady: number
  ratios: Readonly<Record<'time' | 'controllerCpu' | 'apiServerCpu' | 'writes' | 'reconciles' | 'steadyCpu', number>>
}

/** Compares the largest size with the smallest; empty with fewer than two. */
export function compareSizes(measured: readonly MeasuredSize[]): Comparison | Record<string, never> {
  const [small, large] = [measured[0], measured.at(-1)]
  if (small === undefined || large === undefined || large === small) return {}
  const ratio = (cost: (size: MeasuredSize) => number) => round(cost(large) / cost(small), 1000)
  const perObject = (bytes: (size: MeasuredSize) => number) =>
    round((bytes(large) - bytes(small)) / (large.objects - small.objects), 1)
  return {
    heapBytesPerObject: perObject(({ heapBytes }) => heapBytes),
    heapBytesPerObjectSteady: perObject(({ steady }) => steady.heapBytes),
    ratios: {
      time: ratio(({ seconds, objects }) => seconds / objects),
      controllerCpu: ratio(({ controllerCpuMsPerObject }) => controllerCpuMsPerObject),
      apiServerCpu: ratio(({ apiServerCpuMsPerObject }) => apiServerCpuMsPerObject),
      writes: ratio(({ writesPerObject }) => writesPerObject),
      reconciles: ratio(({ reconcilesPerObject }) => reconcilesPerObject),
      steadyCpu: ratio(({ steady }) => steady.cpuMsPerObject),
    },
  }
}

function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts
}
