import type { RotationView, SecretView } from '../../contract/page/webhook-detail.ts'
import { date } from '../format.ts'
import { now } from '../live/now.ts'

const dayMs = 86_400_000
/** A shorter stretch is drawn without its name, of which only the dots of an ellipsis would be seen. */
const readablePercent = 20

/** Signing secrets with their overlap, the windows of rotation and the next one, on one axis. */
export function SecretTimes({
  secrets,
  rotation,
  createdMs,
}: {
  secrets: readonly SecretView[]
  rotation: RotationView
  createdMs: number
}) {
  const nowMs = now.value
  const openings = rotation.windows.flatMap((window) => window.openings)
  const from = (secret: SecretView) => secret.fromMs ?? rotation.lastMs ?? createdMs
  const until = (secret: SecretView) => secret.untilMs ?? rotation.nextMs ?? nowMs
  const begin = Math.min(nowMs, ...secrets.map(from))
  const end = Math.max(
    nowMs,
    begin + dayMs / 24,
    rotation.nextMs ?? 0,
    ...secrets.map(until),
    ...openings.map((each) => each.untilMs),
  )
  const percent = (ms: number) => ((ms - begin) / (end - begin)) * 100
  const stretch = (fromMs: number, untilMs: number) => ({
    left: `${percent(fromMs)}%`,
    width: `${Math.max(percent(untilMs) - percent(fromMs), 0)}%`,
  })
  const isShort = end - begin < 3 * dayMs
  return (
    <>
      <div class="spans" aria-hidden="true">
        {secrets.map((secret, at) => (
          <div class="lane" key={at}>
            <span
              class={secret.state === 'InForce' ? 'span secret' : 'span'}
              style={stretch(from(secret), until(secret))}
            >
              {percent(until(secret)) - percent(from(secret)) >= readablePercent && nameOf(secret)}
            </span>
          </div>
        ))}
        {openings.length > 0 && (
          <div class="lane">
            {openings.map(({ fromMs, untilMs }) => (
              <span class="span window" key={fromMs} style={stretch(fromMs, untilMs)} title="window of rotation" />
            ))}
          </div>
        )}
        <span class="now" style={{ left: `min(${percent(nowMs)}%, 100% - 2px)` }} />
        <span class="at">{date(begin, isShort)}</span>
        <span class="at end">{date(end, isShort)}</span>
      </div>
      <ul class="caption">
        {secrets.map((secret, at) => (
          <li key={at}>{sentenceOf(secret, nowMs)}</li>
        ))}
        <li>{rotationSentence(rotation, nowMs)}</li>
        {rotation.windows.map(({ cron, duration, timeZone }) => (
          <li key={cron}>
            Window: <code>{cron}</code> for {duration}, {timeZone}
          </li>
        ))}
        {rotation.problems.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
    </>
  )
}

function nameOf({ hint = 'secret', state }: SecretView): string {
  const short = hint.replace(/^whsec_\.*/, '…')
  return state === 'InForce' ? `${short}, in force` : short
}

function sentenceOf({ hint = 'The previous secret', state, fromMs, untilMs }: SecretView, nowMs: number): string {
  const since = fromMs === undefined ? '' : ` since ${date(fromMs, nowMs - fromMs < dayMs)}`
  const end = untilMs === undefined ? '' : ` until ${date(untilMs, untilMs - nowMs < dayMs)}`
  return state === 'InForce' ? `${hint} is in force${since}${end}.` : `${hint} is still accepted${end}.`
}

function rotationSentence({ lastMs, nextMs, interval, underWay }: RotationView, nowMs: number): string {
  if (underWay !== undefined) return `A rotation is under way since ${date(underWay.sinceMs, true)}.`
  const last = lastMs === undefined ? 'Not rotated yet' : `Last rotated ${date(lastMs, nowMs - lastMs < dayMs)}`
  const every = interval === undefined ? '' : `, every ${interval}`
  return nextMs === undefined
    ? `${last}; no rotation is scheduled${every}.`
    : `${last}; next ${date(nextMs, nextMs - nowMs < dayMs)}${every}.`
}
