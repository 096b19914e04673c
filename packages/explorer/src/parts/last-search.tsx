import { createContext, type ReactNode, type RefObject, useContext, useRef } from 'react';
import type { SearchAddress } from '../model/address.js';

/* Where the reader came from: links back to the list lead to the search as it was left. What is shown never depends on it. */

const LastSearchContext = createContext<RefObject<SearchAddress>>({ current: {} });

export function LastSearchProvider({ children }: { readonly children: ReactNode }) {
  return <LastSearchContext value={useRef<SearchAddress>({})}>{children}</LastSearchContext>;
}

export const useLastSearch = (): RefObject<SearchAddress> => useContext(LastSearchContext);
