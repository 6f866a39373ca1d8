import type { PageFile } from './page-file.ts'

/**
 * The files of the page. From a checkout they are built when the server starts, in a tenth of a second, so that they are
 * never old. In the bundle this file is replaced by one that has them in it: tools/bundle.ts.
 */
export async function readPageFiles(): Promise<readonly PageFile[]> {
  const { buildPage } = await import('../../../tools/build-page.ts')
  return buildPage()
}
