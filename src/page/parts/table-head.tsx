/** Of a figure, of what narrow screens leave out, or of a column that needs no words but for who hears the page. */
type Kind = 'number' | 'wide' | 'unseen'

/** The titles of a table's columns, in order; with its kind where it has one. */
export function TableHead({ titles }: { titles: readonly (string | readonly [title: string, kind: Kind])[] }) {
  return (
    <thead>
      <tr>
        {titles.map((each) => {
          const [title, kind] = typeof each === 'string' ? [each] : each
          return (
            <th key={title} scope="col" class={kind === 'unseen' ? undefined : kind}>
              {kind === 'unseen' ? <span class="visually-hidden">{title}</span> : title}
            </th>
          )
        })}
      </tr>
    </thead>
  )
}
