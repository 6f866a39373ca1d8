import { problemOf } from '../../../contract/admin-api/problem-of.ts'
import { playgroundAction } from '../../../contract/playground/actions.ts'
import { playgroundAddresses } from '../../../contract/playground/answers.ts'
import { AskError } from '../../../ui/server/page-server.ts'
import type { UiDeps } from '../../../ui/start-ui.ts'
import { act } from './act.ts'
import { RefusedAction } from './refused-action.ts'
import { readState } from './state.ts'
import type { Surroundings } from './surroundings.ts'

/** The playground's part of the page's server, behind the same gate. */
export function playgroundRoutes(surroundings: Surroundings): NonNullable<UiDeps['playground']> {
  // The framework waits for a promise.
  return async (app) => {
    app.get(`/playground/${playgroundAddresses.state}`, () => readState(surroundings))
    app.post(`/playground/${playgroundAddresses.actions}`, ({ body }) => answer(body, surroundings))
  }
}

async function answer(body: unknown, surroundings: Surroundings) {
  const parsed = playgroundAction.safeParse(body)
  if (!parsed.success) throw new AskError(400, problemOf(parsed.error.issues))
  try {
    return await act(parsed.data, surroundings)
  } catch (error) {
    throw error instanceof RefusedAction ? new AskError(409, error.message) : error
  }
}
