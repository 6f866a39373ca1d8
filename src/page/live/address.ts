import { computed, signal } from '@preact/signals'

import { hrefOf, parseRoute, type Route } from '../route.ts'

const hash = signal('')
export const route = computed(() => parseRoute(hash.value))

/** What stands behind `?` in the address: a selection, so that a link can lead to one. */
export const routeQuery = computed(() => new URLSearchParams(hash.value.split('?')[1] ?? ''))

export function followAddress(): void {
  addEventListener('hashchange', readAddress)
  readAddress()
}

function readAddress(): void {
  hash.value = location.hash
}

export function go(to: Route): void {
  location.hash = hrefOf(to)
}
