import type { ResourceDefinition } from '../resource-definition.ts'
import { endpointSlices, leases, namespaces, serviceAccounts, services } from './cluster-kinds.ts'
import { customResourceDefinitions } from './custom-resource-definitions.ts'
import { configMaps, secrets } from './data-kinds.ts'
import { coreEvents, events } from './events.ts'
import { pods } from './pods.ts'

export const builtInResources: readonly ResourceDefinition[] = [
  configMaps,
  coreEvents,
  namespaces,
  pods,
  secrets,
  serviceAccounts,
  services,
  events,
  endpointSlices,
  leases,
  customResourceDefinitions,
]
