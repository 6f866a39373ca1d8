const inHtml = /<(?:script|img|source|iframe|link)\b[^>]*?\s(?:src|href|srcset)="((?:https?:)?\/\/[^"]+)"/g
const inCss = /(?:url\(\s*["']?|@import\s+["'])((?:https?:)?\/\/[^"')]+)/g
const inScript = /(?:\bimport\(|\bfrom\s*|\bfetch\(|importScripts\(|new Worker\()\s*["'`]((?:https?:)?\/\/[^"'`]+)/g

/** Addresses of other servers that a built file would load something from; links that a reader follows are none. Pure. */
export function loadedFromElsewhere(path: string, text: string): string[] {
  const patterns = path.endsWith('.html') ? [inHtml, inCss] : path.endsWith('.css') ? [inCss] : [inScript, inHtml]
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, address = '']) => address))
}
