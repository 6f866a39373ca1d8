/**
 * In a container V8 sizes its young generation by the memory limit, and under the chart's 512Mi so small that a busy
 * receiver takes 140 µs of CPU per delivery instead of 100 (docs/performance.md).
 *
 * Bodies lie outside of V8's heap, and count for when it is collected as a whole. Left to itself V8 does that when the
 * heap has grown by less than a third, which is every few large bodies, and deliveries wait meanwhile.
 */
const nodeFlags: readonly string[] = ['--max-semi-space-size=16', '--heap-growing-percent=100']

/** How the image starts the program; the Dockerfile says the same. */
export const entrypoint: readonly string[] = ['node', ...nodeFlags, '/app/gwh.mjs']

/**
 * For a process outside of a container that is to work like one in the chart's pod: the flags of the image, and the
 * heap that V8 gives itself under a memory limit of 512Mi (`v8.getHeapStatistics().heap_size_limit`, in MiB). Where
 * nothing is limited V8 collects late, and what is resident says little.
 */
export const podFlags: readonly string[] = [...nodeFlags, '--max-heap-size=259']
