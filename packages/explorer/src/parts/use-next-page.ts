import { useEffect } from 'react';

/** So many rows before the end the next page is asked for. */
const AHEAD = 20;

interface Pages {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  /** What is shown is the list before this one. */
  readonly isPlaceholderData: boolean;
  readonly fetchNextPage: () => Promise<unknown>;
}

/** Asks for the next page of a list when one of its last rows is shown. `shown`: the rows that are, `count`: those that are there. */
export function useNextPage(pages: Pages, shown: readonly { readonly index: number }[], count: number): void {
  const { hasNextPage, isFetchingNextPage, isPlaceholderData, fetchNextPage } = pages;
  const lastShown = shown[shown.length - 1]?.index ?? 0;
  useEffect(() => {
    if (lastShown >= count - AHEAD && hasNextPage && !isFetchingNextPage && !isPlaceholderData) void fetchNextPage();
  }, [lastShown, count, hasNextPage, isFetchingNextPage, isPlaceholderData, fetchNextPage]);
}
