interface Place {
  readonly screenX: number
  readonly screenY: number
}

let last: Place = { screenX: -1, screenY: -1 }

/**
 * Whether the pointer itself moved. A browser also tells of a move where the page has moved below a resting pointer: of
 * that one nobody knows whether somebody reads there.
 */
export function hasMoved({ screenX, screenY }: Place): boolean {
  return screenX !== last.screenX || screenY !== last.screenY
}

/** After all who listen below have compared. */
export function followPointer(): void {
  for (const type of ['pointermove', 'pointerdown'] as const)
    addEventListener(type, ({ screenX, screenY }) => {
      last = { screenX, screenY }
    })
}
