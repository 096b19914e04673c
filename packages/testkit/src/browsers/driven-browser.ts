/** A real browser that a test drives. One of each engine, behind the same few verbs. */
export interface DrivenBrowser {
  readonly version: string;
  /** A page of its own, loaded. */
  open(url: string): Promise<DrivenPage>;
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
