import type { Attributes } from '@opentelemetry/api';

interface UserAgentData {
  readonly brands: readonly { readonly brand: string; readonly version: string }[];
  readonly mobile: boolean;
  readonly platform: string;
}

/**
 * Who shows the page, by the semantic conventions of `browser.*` and `user_agent.*`. Brands, platform and mobility only where the
 * browser has `navigator.userAgentData`.
 */
export function pageResource(): Attributes {
  // Not there where a server renders the page.
  const {
    userAgent,
    language,
    userAgentData: data,
  } = (globalThis.navigator ?? {}) as Partial<Navigator> & { userAgentData?: UserAgentData };
  return {
    'user_agent.original': userAgent,
    'browser.language': language,
    ...(data && {
      'browser.brands': data.brands.map(({ brand, version }) => `${brand} ${version}`),
      'browser.mobile': data.mobile,
      'browser.platform': data.platform,
    }),
  };
}
