/** One file of the page, as it is served: nothing of anybody is in it. */
export interface PageFile {
  /** Below the session's path; `` is the page itself. */
  readonly name: string
  readonly contentType: string
  readonly text: string
}
