/** RFC 3339 to the second, as the Kubernetes API keeps times: a fraction would be cut off and look like a change. */
export function formatTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z')
}
