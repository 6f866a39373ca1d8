import { posix } from 'node:path'

/** Where the repository is, and the branch or tag that links lead to. */
export interface Repository {
  /** Without a slash at the end. */
  url: string
  ref: string
}

/**
 * Where a link of a page leads on the site. `page`: the path of the page below docs/. A page of docs stays a page, an
 * index under the name that it has there; what else lies in the repository is shown by the repository. Pure.
 */
export function linkOnSite(href: string, page: string, { url, ref }: Repository): string {
  if (/^([a-z][a-z0-9+.-]*:|#|\/)/i.test(href)) return href
  const [path = '', anchor] = href.split('#', 2)
  const inRepository = posix.join('docs', posix.dirname(page), path)
  const isPage = inRepository.startsWith('docs/') && inRepository.endsWith('.md')
  const hash = anchor === undefined ? '' : `#${anchor}`
  if (isPage) return `${path.replace(/(^|\/)README\.md$/, '$1index.md')}${hash}`
  const isFile = /\.[a-z0-9]+$/i.test(inRepository)
  return `${url}/${isFile ? 'blob' : 'tree'}/${ref}/${inRepository.replace(/\/$/, '')}${hash}`
}

/** The anchor of a heading, as GitHub makes it: links work in both places. */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
