import type { FastifyInstance, FastifyReply } from 'fastify'
import * as z from 'zod'

import { adminEndpoints } from './admin-endpoints.ts'
import { SimulatorAdminError, type SimulatorAdmin } from './admin.ts'

/**
 * The admin API under `/_admin/`: JSON in, JSON out, 400 with a reason. For loopback and tests: it asks for no
 * credentials and shows secrets.
 */
export function registerAdminRoutes(app: FastifyInstance, admin: SimulatorAdmin): void {
  for (const { method, path, run } of adminEndpoints) {
    app.route({
      method,
      url: `/_admin/${path}`,
      handler: ({ body, params, query }, reply) =>
        respond(reply, () =>
          run(admin, { body: readJson(body), id: idOf(params), query: query as Record<string, string> }),
        ),
    })
  }
}

const idOf = (params: unknown) => (params as { id?: string }).id ?? ''

function readJson(raw: unknown): unknown {
  if (typeof raw !== 'string' || raw === '') return {}
  try {
    return JSON.parse(raw)
  } catch {
    throw new SimulatorAdminError('the body is not JSON')
  }
}

async function respond(reply: FastifyReply, run: () => unknown): Promise<void> {
  try {
    const value = await run()
    await reply.code(200).send(value ?? {})
  } catch (error) {
    if (!(error instanceof SimulatorAdminError || error instanceof z.ZodError)) throw error
    const message = error instanceof z.ZodError ? z.prettifyError(error) : error.message
    await reply.code(400).send({ error: message })
  }
}
