import { drainReceiver } from '../../cli/deliveries/drain.ts'
import { replayDeadLetters } from '../../cli/deliveries/replay.ts'
import { retryDeliveries } from '../../cli/deliveries/retry.ts'
import { exitCodes } from '../../cli/run-command.ts'
import { UnjudgedError } from '../../cli/unjudged-error.ts'
import type { UserCommandDeps } from '../../cli/user-command.ts'
import { askForBackfill } from '../../cli/webhook/backfill.ts'
import { pingWebhook } from '../../cli/webhook/ping.ts'
import { rotateSecret } from '../../cli/webhook/rotate.ts'
import { sendEvent } from '../../cli/webhook/send.ts'
import type { UiConfig } from '../../config/ui-config.ts'
import type { ActionRequest, ActionResult } from '../../contract/page/actions.ts'
import { commandLine } from './command-line.ts'

type Targets = Extract<ActionRequest, { action: 'replay' }>['targets']

type ActDeps = Omit<UserCommandDeps, 'out' | 'err'>
type ActConfig = UiConfig & { readonly operatorNamespace: string }

/** A person waits in front of the page. */
const pingWaitMs = 30_000
const rotateWaitMs = 120_000
const backfillWaitMs = 120_000
const sendTimeoutMs = 10_000
const settleMs = 20_000

/** Does what the command of the same name does, with its words. Never rejects. */
export async function act(request: ActionRequest, config: ActConfig, installation: ActDeps): Promise<ActionResult> {
  const command = commandLine(request)
  const [out, err]: [string[], string[]] = [[], []]
  const deps = {
    ...installation,
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
  }
  const says = () => out.join('').trim()
  try {
    const code = await run(request, config, deps)
    const outcome = code === exitCodes.ok ? 'done' : code === exitCodes.unjudged ? 'unjudged' : 'failed'
    // What is said beside the result is progress, where nothing was wrong.
    return { outcome, says: says(), problem: outcome === 'done' ? '' : withoutPrefix(err.join('')), command }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return { outcome: error instanceof UnjudgedError ? 'unjudged' : 'failed', says: says(), problem, command }
  }
}

function run(request: ActionRequest, config: ActConfig, deps: UserCommandDeps): Promise<number> {
  const common = { ...config, namespace: undefined, allNamespaces: true, pods: [], output: 'text' as const }
  switch (request.action) {
    case 'ping':
      return pingWebhook({ ...common, waitMs: pingWaitMs }, [keyOf(request)], deps)
    case 'send': {
      const { type = 'batch.succeeded' } = request
      const unset = { dataFile: undefined, eventId: undefined, url: undefined }
      return sendEvent({ ...common, ...unset, type, timeoutMs: sendTimeoutMs }, [keyOf(request)], deps)
    }
    case 'rotate': {
      const { revokePrevious = 'AfterGracePeriod' } = request
      const given = { requestId: undefined, revokePrevious, window: 'Now' as const, waitMs: rotateWaitMs }
      return rotateSecret({ ...common, ...given }, [keyOf(request)], deps)
    }
    case 'backfill': {
      const given = { requestId: undefined, since: request.since, waitMs: backfillWaitMs }
      return askForBackfill({ ...common, ...given }, [keyOf(request)], deps)
    }
    case 'replay':
      return replayDeadLetters(
        { ...common, ...selected(request.targets), delivered: false },
        idsOf(request.targets),
        deps,
      )
    case 'retry':
      return retryDeliveries({ ...common, ...selected(request.targets) }, idsOf(request.targets), deps)
    case 'drain':
      return drainReceiver({ ...common, to: request.to, settleMs }, [request.pod], deps)
  }
}

function keyOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`
}

function idsOf(targets: Targets): string[] {
  return 'ids' in targets ? targets.ids : []
}

function selected(targets: Targets) {
  const { namespace, name, sink, eventId, type, reason, cause, since, until } =
    'selection' in targets ? targets.selection : {}
  const webhook = namespace === undefined ? undefined : `${namespace}/${name}`
  return { webhook, sink, eventId, type, reason, cause, since, until, all: 'all' in targets }
}

/** `gwh ping: ` is the terminal's. */
function withoutPrefix(text: string): string {
  return text.replaceAll(/^gwh [a-z]+: /gm, '').trim()
}
