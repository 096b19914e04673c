/** The header that user and password of an address stand for (RFC 7617), percent-decoded where they can be; nothing where it has none. */
export function basicAuthorization({ username, password }: URL): { readonly authorization?: string } {
  if (!username && !password) return {};
  return { authorization: `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
