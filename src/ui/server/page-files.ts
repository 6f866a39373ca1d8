/** The files of the page, by the names under which its HTML refers to them: nothing of anybody is in them. */
export interface PageFiles {
  readonly 'index.html': string
  readonly 'page.js': string
  readonly 'page.css': string
  readonly 'icon.svg': string
}
