/** For random moments of real processes, and for counting what one does in a while: nothing is awaited by it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
