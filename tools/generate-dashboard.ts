export const dashboardPath = 'charts/gemini-webhook-operator/files/dashboard.json'

type Unit = 'short' | 'reqps' | 's' | 'percentunit' | 'bytes'

interface Panel {
  title: string
  unit: Unit
  /** PromQL to the legend of its lines. */
  queries: Record<string, string>
  /** Lines, unless it says otherwise: bars for what is rare, or how often which value was seen. */
  shape?: 'bars' | 'histogram'
}

const rate = (metric: string, by: string) =>
  `sum by (${by}) (rate(${metric}{namespace=~"$namespace"}[$__rate_interval]))`
const now = (metric: string, by: string) => `sum by (${by}) (${metric}{namespace=~"$namespace"})`
const quantile = (share: number, metric: string, by = '') =>
  `histogram_quantile(${share}, sum by (le${by}) (rate(${metric}_bucket{namespace=~"$namespace"}[$__rate_interval])))`

/** How many there were in each step of the time axis. */
const count = (metric: string, by: string) =>
  `sum by (${by}) (increase(${metric}{namespace=~"$namespace"}[$__rate_interval]))`

const rows: Record<string, Panel[]> = {
  Receiving: [
    {
      title: 'Requests by outcome',
      unit: 'reqps',
      queries: { [rate('gwh_receiver_requests_total', 'outcome')]: '{{outcome}}' },
    },
    {
      title: 'Genuine deliveries that were refused',
      unit: 'reqps',
      queries: { [rate('gwh_receiver_authentic_refused_total', 'outcome')]: '{{outcome}}' },
    },
    {
      title: 'Time to acknowledge',
      unit: 's',
      queries: {
        [quantile(0.5, 'gwh_receiver_request_duration_seconds')]: 'p50',
        [quantile(0.99, 'gwh_receiver_request_duration_seconds')]: 'p99',
      },
    },
  ],
  Inbox: [
    {
      title: 'Used',
      unit: 'percentunit',
      queries: {
        'gwh_inbox_used_bytes{namespace=~"$namespace"} / gwh_inbox_max_bytes{namespace=~"$namespace"}': '{{pod}}',
      },
    },
    {
      title: 'Deliveries that have not ended',
      unit: 'short',
      queries: {
        [now('gwh_inbox_pending_deliveries', 'pod')]: '{{pod}}',
        [now('gwh_inbox_dead_letters', 'pod')]: '{{pod}} dead letters',
      },
    },
    {
      title: 'Oldest delivery',
      unit: 's',
      queries: { 'gwh_inbox_oldest_pending_seconds{namespace=~"$namespace"}': '{{pod}}' },
    },
    {
      title: 'Time of a commit',
      unit: 's',
      queries: {
        [quantile(0.5, 'gwh_inbox_commit_seconds')]: 'p50',
        [quantile(0.99, 'gwh_inbox_commit_seconds')]: 'p99',
      },
    },
  ],
  Sinks: [
    {
      title: 'Attempts by outcome',
      unit: 'reqps',
      queries: { [rate('gwh_delivery_attempts_total', 'sink_type, outcome')]: '{{sink_type}} {{outcome}}' },
    },
    {
      title: 'Sinks that take nothing',
      unit: 'short',
      queries: { [now('gwh_sinks_taking_nothing', 'sink_type')]: '{{sink_type}}' },
    },
    {
      title: 'From stored to delivered',
      unit: 's',
      queries: {
        [quantile(0.5, 'gwh_delivery_duration_seconds', ', sink_type')]: '{{sink_type}} p50',
        [quantile(0.99, 'gwh_delivery_duration_seconds', ', sink_type')]: '{{sink_type}} p99',
      },
    },
    {
      title: 'Given up',
      unit: 'reqps',
      queries: { [rate('gwh_dead_letters_total', 'reason')]: '{{reason}}' },
    },
  ],
  Webhooks: [
    {
      title: 'Not Ready, by reason',
      unit: 'short',
      queries: {
        'sum by (reason) (gwh_controller_false_conditions{namespace=~"$namespace", type="Ready"})': '{{reason}}',
      },
    },
    {
      title: 'Time to Ready',
      unit: 's',
      queries: { [count('gwh_controller_time_to_ready_seconds_bucket', 'le')]: '{{le}}' },
      shape: 'histogram',
    },
    {
      title: 'Drift that was corrected, by field',
      unit: 'short',
      queries: { [count('gwh_controller_drift_corrections_total', 'field')]: '{{field}}' },
      shape: 'bars',
    },
  ],
  Controller: [
    {
      title: 'Reconciles by result',
      unit: 'reqps',
      queries: { [rate('gwh_reconcile_total', 'result')]: '{{result}}' },
    },
    {
      title: 'Calls to Google',
      unit: 'reqps',
      queries: { [rate('gwh_gemini_calls_total', 'verb, code')]: '{{verb}} {{code}}' },
    },
    { title: 'Leaders', unit: 'short', queries: { [now('gwh_leader', 'namespace')]: '{{namespace}}' } },
    {
      title: 'Status writes',
      unit: 'reqps',
      queries: { [rate('gwh_controller_status_writes_total', 'namespace')]: '{{namespace}}' },
    },
    {
      title: 'Memory',
      unit: 'bytes',
      queries: { 'process_resident_memory_bytes{namespace=~"$namespace", pod=~"gwh-.*"}': '{{pod}}' },
    },
  ],
}

const gridColumns = 24
const panelHeight = 8

/** The Grafana dashboard, from the table above: rows of panels side by side. */
export function generateDashboard(): Record<string, string> {
  let y = 0
  let id = 0
  const panels = Object.entries(rows).flatMap(([title, members]) => {
    const width = Math.floor(gridColumns / members.length)
    const heading: object = {
      id: (id += 1),
      type: 'row',
      title,
      gridPos: { x: 0, y, w: gridColumns, h: 1 },
      panels: [],
    }
    const placed = members.map((panel, index) =>
      drawn(panel, { id: (id += 1), gridPos: { x: index * width, y: y + 1, w: width, h: panelHeight } }),
    )
    y += 1 + panelHeight
    return [heading].concat(placed)
  })
  const dashboard = {
    uid: 'gemini-webhook-operator',
    title: 'Gemini webhook operator',
    tags: ['gemini', 'webhooks'],
    schemaVersion: 39,
    editable: true,
    time: { from: 'now-6h', to: 'now' },
    refresh: '1m',
    templating: { list: [dataSourceVariable, namespaceVariable] },
    panels,
  }
  return { [dashboardPath]: `${JSON.stringify(dashboard, null, 2)}\n` }
}

const dataSource = { type: 'prometheus', uid: '${datasource}' }
const dataSourceVariable = { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' }
const namespaceVariable = {
  name: 'namespace',
  type: 'query',
  label: 'Namespace',
  datasource: dataSource,
  query: 'label_values(gwh_build_info, namespace)',
  includeAll: true,
  multi: true,
  refresh: 2,
}

function drawn({ title, unit, queries, shape }: Panel, place: { id: number; gridPos: object }) {
  const isHistogram = shape === 'histogram'
  const format = isHistogram ? 'heatmap' : 'time_series'
  const targets = Object.entries(queries).map(([expr, legendFormat], index) => ({
    refId: String.fromCodePoint(65 + index),
    datasource: dataSource,
    expr,
    legendFormat,
    format,
  }))
  return {
    ...place,
    type: isHistogram ? 'heatmap' : 'timeseries',
    title,
    datasource: dataSource,
    // Its rows are the buckets of Prometheus, of which Grafana subtracts each from the next.
    ...(isHistogram ? { options: { calculate: false, yAxis: { unit } } } : { fieldConfig: linesOf(unit, shape) }),
    targets,
  }
}

function linesOf(unit: Unit, shape: Panel['shape']) {
  const bars = { drawStyle: 'bars', fillOpacity: 80, stacking: { mode: 'normal' } }
  return { defaults: { unit, min: 0, ...(shape === 'bars' && { custom: bars }) }, overrides: [] }
}
