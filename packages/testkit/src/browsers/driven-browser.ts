/** A real browser that a test drives. One of each engine, behind the same few verbs. */
export interface DrivenBrowser {
  readonly version: string;
  /** A page of its own, loaded. What it stores may be its own too. */
  open(url: string): Promise<DrivenPage>;
  /**
   * The same as a person has it: in the browser's profile, where pages of an origin share what they store, and in a window that stays visible when others are
   * opened.
   */
  visit(url: string): Promise<DrivenPage>;
  /**
   * Ends the processes that visited pages run in (SIGKILL), as the system does where memory is short, and resolves with their number when they are gone. The browser
   * lives on. Absent where one that is driven ends with its pages.
   */
  killRenderers?(): Promise<number>;
  close(): Promise<void>;
}

export interface DrivenPage {
  goto(url: string): Promise<void>;
  /** The value of an expression in the page, as plain data; a promise is waited for. */
  evaluate<T = unknown>(expression: string): Promise<T>;
  /** As a person does it: with the pointer, in the middle of the first element that matches. */
  click(selector: string): Promise<void>;
  /** Closes the tab, as a person does. */
  close(): Promise<void>;
}
