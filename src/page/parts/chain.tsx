import type { ChainLink } from '../../contract/page/webhook-detail.ts'
import { pictureOf, type ChainBox } from './chain-groups.ts'
import { Visible } from './visible.tsx'
import { TableHead } from './table-head.tsx'

const marks = { Good: '✓', Broken: '!', Open: '○' } as const
const words = { Good: 'good', Broken: 'broken', Open: 'open' } as const

/** The chain from the API key to the sinks, the first broken link in colour, and below it what to do. */
export function Chain({ chain, firstBroken }: { chain: readonly ChainLink[]; firstBroken: number | undefined }) {
  const { line, branches } = pictureOf(chain, firstBroken)
  const broken = firstBroken === undefined ? undefined : chain[firstBroken]
  return (
    <>
      <ol class="chain">
        {line.map((box) => (
          <li key={box.title}>
            <Box box={box} />
          </li>
        ))}
        {branches.length > 0 && (
          <li key="branches">
            <div class="branches">
              {branches.map((box) => (
                <Box box={box} key={box.at} />
              ))}
            </div>
          </li>
        )}
      </ol>
      <p class="broken-says">
        {broken === undefined ? (
          <Whole chain={chain} />
        ) : (
          <>
            <strong>Broken: {broken.name}.</strong> <Visible text={sentence(broken.says)} />
            {broken.remedy !== undefined && broken.remedy !== 'Nothing.' && <> {broken.remedy}</>}
          </>
        )}
      </p>
      <details class="all-links">
        <summary>Every link, as “gwh status” prints it</summary>
        <AllLinks chain={chain} />
      </details>
    </>
  )
}

function sentence(says: string): string {
  return /[.!?]$/.test(says) ? says : `${says}.`
}

function Whole({ chain }: { chain: readonly ChainLink[] }) {
  const unjudged = chain.filter(({ isUnjudged }) => isUnjudged === true)
  if (unjudged.length === 0) return <>No link is broken.</>
  return (
    <>
      No link is known to be broken. Not judged: {unjudged.map(({ name }) => name).join(', ')}; whether these are well
      is not known.
    </>
  )
}

function Box({ box: { title, state, says, isFirstBroken } }: { box: ChainBox }) {
  return (
    <div class={`link ${state}${isFirstBroken ? ' first-broken' : ''}`} title={says}>
      <strong>
        <span class="mark" aria-hidden="true">
          {marks[state]}
        </span>
        {'\u00a0'}
        {title} <span class="visually-hidden">: {words[state]}.</span>
      </strong>
      <span class="says">
        <Visible text={says} />
      </span>
    </div>
  )
}

function AllLinks({ chain }: { chain: readonly ChainLink[] }) {
  return (
    <table class="plain-table">
      <TableHead titles={['Link', 'State', 'What']} />
      <tbody>
        {chain.map(({ name, state, says, remedy }) => (
          <tr key={name}>
            <td>{name}</td>
            <td>
              {marks[state]} {words[state]}
            </td>
            <td>
              <Visible text={says} />
              {state !== 'Good' && remedy !== undefined && <div class="caption">{remedy}</div>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
