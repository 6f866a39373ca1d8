import type { PageFiles } from './page-files.ts'

/**
 * The files of the page. From a checkout they are bundled when the server starts, in a tenth of a second, so that they
 * are never old. In the program's own bundle this file is replaced by one that has them in it: tools/bundle.ts.
 */
export async function readPageFiles(): Promise<PageFiles> {
  const { bundlePage } = await import('../../../tools/bundle-page.ts')
  return bundlePage()
}
