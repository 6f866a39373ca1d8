/** The envelope of a Gemini notification, read leniently: anything authentic is kept, whatever it looks like. */
export interface EventEnvelope {
  type: string
  /** RFC 3339 as sent; undefined where missing or not a time. */
  timestamp?: string
  /** `data.id`: the job. */
  dataId?: string
  /**
   * Where the JSON text stands in the body, in bytes, without a byte order mark and blanks around it; undefined where
   * it is none, or not in UTF-8.
   */
  json?: { readonly start: number; readonly end: number }
}
