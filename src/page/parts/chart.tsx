import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'

/** One line, or one share of the stacked bars. `colour` names a variable of the style sheet. */
interface Series {
  readonly label: string
  readonly colour: string
  readonly values: readonly (number | null)[]
}

export interface ChartProps {
  /** Milliseconds since the epoch, one for each value. */
  readonly times: readonly number[]
  readonly series: readonly Series[]
  readonly kind: 'bars' | 'lines'
  readonly height: number
  /** The chart in a sentence, for who does not see it. */
  readonly says: string
  readonly hasAxes?: boolean
  readonly unit?: string
}

/**
 * Draws with uPlot on a canvas. What is drawn is told by `says`; colours come from the style sheet and follow the colour
 * scheme. The data is replaced in place, so that a new minute costs one drawing.
 */
export function Chart(props: ChartProps) {
  const { height, says } = props
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const latest = useRef(props)
  latest.current = props

  useEffect(() => {
    const element = holder.current
    if (element === null) return
    const draw = () => {
      plot.current?.destroy()
      plot.current = new uPlot(optionsOf(latest.current, element), dataOf(latest.current), element)
    }
    const resized = new ResizeObserver(() =>
      plot.current === undefined
        ? draw()
        : plot.current.setSize({ width: element.clientWidth, height: latest.current.height }),
    )
    resized.observe(element)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', draw)
    return () => {
      resized.disconnect()
      scheme.removeEventListener('change', draw)
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [height])

  useEffect(() => plot.current?.setData(dataOf(props)), [props.times, props.series])

  return <div class="chart" role="img" aria-label={says} ref={holder} />
}

/** uPlot counts in seconds. Shares of bars are stacked: the first is drawn last, and lowest. */
function dataOf({ times, series, kind }: ChartProps): uPlot.AlignedData {
  const seconds = times.map((ms) => ms / 1_000)
  const values = kind === 'lines' ? series.map((each) => [...each.values]) : stacked(series)
  return [seconds, ...values]
}

/** From the top of the stack to its foot. Pure. */
function stacked(series: readonly Series[]): number[][] {
  const sums: number[][] = []
  for (const { values } of series) {
    const below = sums.at(-1)
    sums.push(values.map((value, at) => (value ?? 0) + (below?.[at] ?? 0)))
  }
  return sums.toReversed()
}

function optionsOf({ series, kind, height, hasAxes = true, unit = '' }: ChartProps, element: Element): uPlot.Options {
  const styles = getComputedStyle(element)
  const colour = (name: string) => styles.getPropertyValue(`--${name}`).trim()
  const drawn = kind === 'bars' ? series.toReversed() : series
  const axis = {
    stroke: colour('quiet'),
    font: `12px ${styles.getPropertyValue('--font')}`,
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  }
  // A bar stands over the middle of its minute: the first and the last need half a minute more.
  const margin = kind === 'bars' ? 30 : 0
  return {
    width: element.clientWidth,
    height,
    padding: hasAxes ? [8, 20, 0, 0] : [4, 2, 4, 2],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: true, range: (_, min, max) => [min - margin, max + margin] },
      y: { range: (_, __, max) => [0, Math.max(max ?? 0, 1) * 1.1] },
    },
    axes: hasAxes
      ? [
          { ...axis, grid: { show: false }, values: (_, ticks) => ticks.map(timeLabel), size: 24 },
          {
            ...axis,
            size: 52,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000],
            values: (_, ticks) => ticks.map((tick) => `${figures.format(tick)}${unit}`),
          },
        ]
      : [{ show: false }, { show: false }],
    series: [
      {},
      ...drawn.map(({ label, colour: name }) => ({
        label,
        stroke: colour(name),
        width: kind === 'bars' ? 0 : 2,
        points: { show: kind === 'lines' && hasAxes, size: 4, fill: colour(name), filter: loneValues },
        fill: kind === 'bars' ? colour(name) : 'transparent',
        paths: kind === 'bars' ? bars : lines,
      })),
    ],
  }
}

const bars = uPlot.paths.bars?.({ size: [0.75, 12], radius: 0.15 }) ?? (() => null)
const lines = uPlot.paths.linear?.() ?? (() => null)
/** A value between two minutes without any is a dot: no line leads to it. */
function loneValues({ data }: uPlot, series: number): number[] {
  const values = data[series] ?? []
  const isThere = (at: number) => typeof values[at] === 'number'
  return [...values.keys()].filter((at) => isThere(at) && !isThere(at - 1) && !isThere(at + 1))
}

const figures = new Intl.NumberFormat('en', { notation: 'compact' })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const timeLabel = (seconds: number) => clock.format(seconds * 1_000)
