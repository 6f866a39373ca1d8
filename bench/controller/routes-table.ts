import { renderTable } from '../table.ts'
import type { MeasuredRoutes } from './measure-routes.ts'

/** What of a route is compared between sizes. */
const costs = {
  seconds: ({ seconds, routes }: MeasuredRoutes) => seconds / routes,
  controllerCpu: ({ controllerCpuMs }: MeasuredRoutes) => controllerCpuMs,
  apiServerCpu: ({ apiServerCpuMs }: MeasuredRoutes) => apiServerCpuMs,
  writes: ({ writes }: MeasuredRoutes) => writes,
  reconciles: ({ reconciles }: MeasuredRoutes) => reconciles,
  steadyCpu: ({ steady }: MeasuredRoutes) => steady.cpuMs,
}
type Cost = keyof typeof costs

const lines: readonly (readonly [label: string, figure: (size: MeasuredRoutes) => number, cost?: Cost])[] = [
  ['apply to all Ready, s', ({ seconds }) => seconds, 'seconds'],
  ['CPU of the controller per route, ms', costs.controllerCpu, 'controllerCpu'],
  ['CPU of the API server per route, ms', costs.apiServerCpu, 'apiServerCpu'],
  ['Kubernetes writes per route', costs.writes, 'writes'],
  ['reconciles per route', costs.reconciles, 'reconciles'],
  ['Kubernetes writes, steady', ({ steady }) => steady.kubernetesWrites],
  ['CPU for one resync of one route, ms', costs.steadyCpu, 'steadyCpu'],
]

/** What a route costs at the largest size, divided by that at the smallest: 1 is proportional. */
export function compareRoutes(measured: readonly MeasuredRoutes[]): Partial<Record<Cost, number>> {
  const [small, large] = [measured[0], measured.at(-1)]
  if (small === undefined || large === undefined || large === small) return {}
  const ratios = Object.entries(costs).map(([name, cost]) => [name, round(cost(large) / cost(small))])
  return Object.fromEntries(ratios) as Record<Cost, number>
}

/** A column for each size, and one for the ratios; nothing where nothing was measured. */
export function routesTable(measured: readonly MeasuredRoutes[]): string {
  if (measured.length === 0) return ''
  const ratios = compareRoutes(measured)
  const head = ['', ...measured.map(({ routes, webhooks }) => `${routes} routes of ${webhooks}`), 'ratio per route']
  const rows = lines.map(([label, figure, cost]) => {
    const ratio = cost && ratios[cost]
    const cells = measured.map((size) => String(figure(size)))
    return [label].concat(cells, ratio === undefined ? '' : String(ratio))
  })
  return renderTable([head, ...rows])
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
