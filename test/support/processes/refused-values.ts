import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Chart } from './helm-chart.ts'

/** Values that the chart must not take, by what is wrong with them, each with what Helm has to say. */
export type RefusedValues = Readonly<Record<string, readonly [values: object, message: RegExp]>>

/** A test of each with every major of Helm, in the suite that calls it. */
export function testRefusals(charts: readonly Chart[], refused: RefusedValues): void {
  for (const each of charts) {
    for (const [what, [values, message]] of Object.entries(refused)) {
      test(`Helm ${each.major} refuses ${what} and names it`, () => {
        assert.throws(
          () => each.render(values),
          (error: { stderr?: string }) => message.test(String(error.stderr)),
        )
      })
    }
  }
}
