import { renderTable } from '../table.ts'
import type { Comparison } from './compare-sizes.ts'
import type { MeasuredSize } from './measure-size.ts'

const lines: readonly (readonly [label: string, figure: (size: MeasuredSize) => number, ratio?: keyof Ratios])[] = [
  ['apply to all Ready, s', ({ seconds }) => seconds, 'time'],
  ['CPU of the controller per object, ms', (size) => size.controllerCpuMsPerObject, 'controllerCpu'],
  ['CPU of the API server per object, ms', (size) => size.apiServerCpuMsPerObject, 'apiServerCpu'],
  ['Kubernetes writes per object', ({ writesPerObject }) => writesPerObject, 'writes'],
  ['create calls per object', ({ createsPerObject }) => createsPerObject],
  ['reconciles per object', ({ reconcilesPerObject }) => reconcilesPerObject, 'reconciles'],
  ['list calls until all were Ready', ({ listCalls }) => listCalls],
  ['SIGKILL of the leader to its Lease run out, s', ({ takeover }) => takeover.leaseSeconds],
  ['SIGKILL of the leader to all edits done, s', ({ takeover }) => takeover.convergeSeconds],
  ['create and rotate calls after it', ({ takeover }) => takeover.createCalls + takeover.rotateCalls],
  ['lists per resync, steady', ({ steady }) => steady.listsPerResync],
  ['Kubernetes writes and other calls, steady', ({ steady }) => steady.kubernetesWrites + steady.otherCalls],
  ['CPU for one resync of one object, ms', ({ steady }) => steady.cpuMsPerObject, 'steadyCpu'],
  ['resident after the rollout, MiB', ({ rssMiB }) => rssMiB],
  ['resident in steady state, MiB', ({ steady }) => steady.rssMiB],
]

type Ratios = Comparison['ratios']

/**
 * One run of each size: a column for each, and one for what an object costs at the largest divided by what it costs at
 * the smallest.
 */
export function sizesTable(
  measured: readonly MeasuredSize[],
  compared: Comparison | Partial<Record<keyof Comparison, never>>,
): string {
  if (measured.length === 0) return ''
  const { ratios, heapBytesPerObject, heapBytesPerObjectSteady } = compared
  const head = ['', ...measured.map(({ objects }) => `${objects} objects`), ...(ratios ? ['ratio per object'] : [])]
  const rows = lines.map(([label, figure, ratio]) => {
    const cells = measured.map((size) => String(figure(size)))
    return [label].concat(cells, ratio && ratios ? String(ratios[ratio]) : '')
  })
  const heap =
    ratios === undefined
      ? ''
      : `heap of one object more: ${heapBytesPerObject} bytes after the rollout, ${heapBytesPerObjectSteady} in steady state\n`
  return renderTable([head, ...rows]) + heap
}
