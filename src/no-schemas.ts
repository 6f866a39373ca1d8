function refuse(): never {
  throw new Error('no route has a schema: what a request says is read by its own code')
}

/**
 * For fastify's `schemaController`. Without it fastify loads two compilers of JSON schemas, which take more memory than
 * all of its routes.
 */
export const noSchemas = { compilersFactory: { buildValidator: () => refuse, buildSerializer: () => refuse } }
