/** A real browser that a test drives. One of each engine, behind the same few verbs. */
export interface DrivenBrowser {
  readonly version: string;
  /**
   * A page of its own, loaded, in the browser's only profile: pages of an origin share what they store. `visible`: in a window that stays to be seen
   * when others are opened; otherwise it may be a tab that another one covers.
   */
  open(url: string, how?: { readonly visible?: boolean }): Promise<DrivenPage>;
  /**
   * Ends the processes that the pages run in (SIGKILL), as the system does where memory is short, and resolves with their number when they are gone. The browser
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
