/** An action that the playground cannot do as things are: names the object, says what was wrong and what to do. */
export class RefusedAction extends Error {
  override readonly name = 'RefusedAction'
}
