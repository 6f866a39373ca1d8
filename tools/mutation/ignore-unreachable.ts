/** As much of a node of the syntax tree as is looked at here. */
interface SyntaxNode {
  readonly type: string
  readonly consequent?: readonly SyntaxNode[]
  readonly argument?: SyntaxNode | null
  readonly callee?: { readonly name?: string }
}

/**
 * The end of an exhaustive switch, `default: return unreachable(value)`: the compiler holds that no value gets there,
 * so no test can. Stryker asks each of its plugins for this name.
 */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'unreachable',
    value: {
      shouldIgnore: ({ node: { type, consequent = [] } }: { node: SyntaxNode }): string | undefined => {
        const isUnreachable = consequent[0]?.argument?.callee?.name === 'unreachable'
        return type === 'SwitchCase' && isUnreachable ? 'the compiler holds that nothing gets here' : undefined
      },
    },
  },
]
