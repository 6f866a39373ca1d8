import * as z from 'zod'

/** What a linter found, once for each object, in whichever rendering. Pure. */
export interface Finding {
  readonly tool: 'kube-score' | 'checkov'
  /** The linter's own id of the check, such as CKV_K8S_11. */
  readonly check: string
  /** Kind/name. */
  readonly object: string
  /** In the linter's words. */
  readonly says: string
}

/** `tools/accepted-findings.yaml`: what is not mended, on which objects, and why. */
export const acceptedSchema = z
  .array(
    z.strictObject({
      tool: z.enum(['kube-score', 'checkov']),
      check: z.string().min(1),
      says: z.string().min(1),
      objects: z.array(z.string().regex(/^[A-Za-z]+\/[a-z0-9.-]+$/)).min(1),
      reason: z.string().min(20),
    }),
  )
  .describe('Each finding that is accepted, with its reason.')
type Accepted = z.infer<typeof acceptedSchema>

const kubeScoreSchema = z.array(
  z.object({
    object_name: z.string(),
    checks: z.array(
      z.object({
        check: z.object({ id: z.string() }),
        grade: z.number(),
        skipped: z.boolean(),
        comments: z.array(z.object({ summary: z.string() })).nullable(),
      }),
    ),
  }),
)
/** The grade of what is as it should be. */
const allOk = 10

/** `kube-score score --output-format json`. Throws where it is something else. */
export function readKubeScore(json: string): Finding[] {
  return kubeScoreSchema.parse(JSON.parse(json)).flatMap(({ object_name, checks }) => {
    // Deployment/apps/v1/NAMESPACE/NAME
    const parts = object_name.split('/')
    const object = `${parts[0]}/${parts.at(-1)}`
    const failed = checks.filter(({ grade, skipped }) => !skipped && grade < allOk)
    return failed.flatMap(({ check, comments }) => {
      const told = comments === null || comments.length === 0 ? [check.id] : comments.map(({ summary }) => summary)
      return told.map((says) => ({ tool: 'kube-score' as const, check: check.id, object, says }))
    })
  })
}

const checkovSchema = z.object({
  results: z.object({
    failed_checks: z.array(z.object({ check_id: z.string(), check_name: z.string(), resource: z.string() })),
    parsing_errors: z.array(z.string()).default([]),
  }),
  summary: z.object({ resource_count: z.number().min(1), parsing_errors: z.literal(0) }),
})

/** `checkov --framework kubernetes --output json`. Throws where it is something else, or something was not judged. */
export function readCheckov(json: string): Finding[] {
  const { results } = checkovSchema.parse(JSON.parse(json))
  return results.failed_checks.map(({ check_id: check, check_name: says, resource }) => {
    // Deployment.NAMESPACE.NAME; names may have dots, namespaces may not.
    const [kind = '', , ...name] = resource.split('.')
    return { tool: 'checkov', check, object: `${kind}/${name.join('.')}`, says }
  })
}

interface Comparison {
  /** Found and not accepted. */
  readonly fresh: readonly Finding[]
  /** Accepted and not found any more. */
  readonly stale: readonly Finding[]
  /** How many were found, each object once. */
  readonly found: number
}

/** `tools`: those that ran; what is accepted of another is not judged. */
export function compareFindings(
  found: readonly Finding[],
  accepted: Accepted,
  tools: ReadonlySet<Finding['tool']>,
): Comparison {
  const seen = new Map(found.map((finding) => [keyOf(finding), finding]))
  const known = new Map(
    accepted
      .filter(({ tool }) => tools.has(tool))
      .flatMap(({ objects, tool, check, says }) => objects.map((object) => ({ tool, check, says, object })))
      .map((finding) => [keyOf(finding), finding]),
  )
  return {
    fresh: [...seen].flatMap(([key, finding]) => (known.has(key) ? [] : [finding])),
    stale: [...known].flatMap(([key, finding]) => (seen.has(key) ? [] : [finding])),
    found: seen.size,
  }
}

function keyOf({ tool, check, object, says }: Finding): string {
  return JSON.stringify([tool, check, object, says])
}
