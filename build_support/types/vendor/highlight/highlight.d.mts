/** What the page uses of highlight.js: npm's package of the browser build carries no types. */
interface Highlighted {
  value: string;
  language?: string;
  relevance: number;
}
declare const hljs: {
  highlight(code: string, options: { language: string; ignoreIllegals?: boolean }): Highlighted;
  highlightAuto(code: string, languages?: string[]): Highlighted;
  getLanguage(name: string): object | undefined;
  listLanguages(): string[];
};
export default hljs;
