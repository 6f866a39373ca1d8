import type { ApiObject } from './api-object.ts'
import { stringAt } from './json.ts'
import { builtInResources } from './kinds/built-in.ts'
import { customResources } from './kinds/custom-resources.ts'
import type { ResourceDefinition } from './resource-definition.ts'

/**
 * What is served right now: the built-in kinds, and those that CustomResourceDefinitions add and remove while the
 * server runs.
 */
export class Registry {
  readonly #custom = new Map<string, ResourceDefinition[]>()

  all(): ResourceDefinition[] {
    return [...builtInResources, ...[...this.#custom.values()].flat()]
  }

  find(group: string, version: string, plural: string): ResourceDefinition | undefined {
    return this.all().find((one) => one.group === group && one.version === version && one.plural === plural)
  }

  /** Whether any kind, built in or not, is served under this group and version. */
  serves(group: string, version: string): boolean {
    return this.all().some((one) => one.group === group && one.version === version)
  }

  isBuiltIn(group: string): boolean {
    return builtInResources.some((one) => one.group === group)
  }

  /** Serves an accepted definition, in place of its earlier form. */
  register(definition: ApiObject): void {
    this.#custom.set(definition.metadata.name, customResources(definition))
  }

  unregister(definition: ApiObject): void {
    this.#custom.delete(definition.metadata.name)
  }

  /** The resources that one definition serves. */
  servedBy(definition: ApiObject): ResourceDefinition[] {
    return this.#custom.get(definition.metadata.name) ?? []
  }

  /** Groups with their versions, in the order they were registered. The core group has the empty name. */
  groups(): Map<string, string[]> {
    const groups = new Map<string, string[]>()
    for (const { group, version } of this.all()) {
      const versions = groups.get(group) ?? []
      if (!versions.includes(version)) groups.set(group, [...versions, version])
    }
    return groups
  }
}

/** The set of objects that a definition's resources are kept in. */
export function storageKeyOfDefinition(definition: ApiObject): string {
  return `${stringAt(definition, 'spec', 'names', 'plural')}.${stringAt(definition, 'spec', 'group')}`
}
