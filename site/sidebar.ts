import { posix } from 'node:path'

interface SidebarItem {
  text: string
  link: string
}

interface SidebarGroup {
  text: string
  collapsed: boolean
  items: SidebarItem[]
}

/** Folders of docs, in the order of the sidebar. */
const folders: Readonly<Record<string, string>> = {
  reference: 'Reference',
  runbooks: 'Runbooks',
  adr: 'Decisions',
}

/**
 * The sidebar: the sections and links of docs/README.md in its order, then what it does not name, by folder. A new page
 * therefore is in it without being put there. `pages`: the text of every page by its path below docs/. Pure.
 */
export function sidebarOf(pages: ReadonlyMap<string, string>): SidebarGroup[] {
  const named = new Set<string>(['README.md'])
  const sections = (pages.get('README.md') ?? '').split(/^## /m).slice(1)
  const groups = sections.map((section): SidebarGroup => {
    const links = [...section.matchAll(/\]\(([^)\s#:]+\.md)(?:#[^)\s]*)?\)/g)].map(([, path = '']) =>
      posix.join('.', path),
    )
    const fresh = [...new Set(links)].filter((path) => pages.has(path) && !named.has(path) && !isInFolder(path))
    for (const path of fresh) named.add(path)
    return {
      text: section.split('\n', 1)[0]?.trim() ?? '',
      collapsed: false,
      items: fresh.map((path) => itemOf(path, pages)),
    }
  })
  const others = [...pages.keys()].filter((path) => !named.has(path))
  const byFolder = Object.entries(folders).map(([folder, text]): SidebarGroup => {
    const inside = others.filter((path) => path.startsWith(`${folder}/`)).toSorted(byIndexFirst)
    return { text, collapsed: true, items: inside.map((path) => itemOf(path, pages)) }
  })
  const rest = others.filter((path) => !isInFolder(path)).toSorted()
  const more = { text: 'More', collapsed: false, items: rest.map((path) => itemOf(path, pages)) }
  return [...groups, more, ...byFolder].filter(({ items }) => items.length > 0)
}

function isInFolder(path: string): boolean {
  return Object.keys(folders).some((folder) => path.startsWith(`${folder}/`))
}

function byIndexFirst(a: string, b: string): number {
  return Number(b.endsWith('/README.md')) - Number(a.endsWith('/README.md')) || a.localeCompare(b, 'en')
}

/** By the title of the page. */
function itemOf(path: string, pages: ReadonlyMap<string, string>): SidebarItem {
  const title = /^# (.+)$/m.exec(pages.get(path) ?? '')?.[1] ?? path
  return { text: title.replaceAll('`', ''), link: `/${path.replace(/(README)?\.md$/, '')}` }
}
